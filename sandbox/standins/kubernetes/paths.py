"""Places inside an object, as tuples of keys and indexes, and as the text Pulumi shows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

Path = tuple[str | int, ...]

_PLAIN = re.compile(r"^[A-Za-z_$][A-Za-z0-9_$]*$")


def render(path: Path) -> str:
    """Such as ``spec.containers[0].image`` or ``metadata.labels["app.kubernetes.io/name"]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.match(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part)}]"
    return text


def parse(text: str) -> Path:
    """The reverse of :func:`render`, as far as Pulumi's own paths go."""
    found: list[str | int] = []
    for plain, index, quoted in re.findall(r"([^.\[\]]+)|\[(\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]", text):
        if plain:
            found.append(plain)
        elif index:
            found.append(int(index))
        else:
            found.append(json.loads(quoted))
    return tuple(found)


def under(path: Path, pattern: Sequence[str]) -> bool:
    """Whether ``path`` is at or below ``pattern``, in which ``*`` stands for any one part."""
    if len(path) < len(pattern):
        return False
    return all(wanted in ("*", part) for part, wanted in zip(path, pattern, strict=False))
