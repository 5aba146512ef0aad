"""How two JSON values differ, as paths with what is found and what is wanted. Pure.

Used where what a program declares is compared with what its manifest says.
"""

# ruff: noqa: ANN401  (JSON is what it is)
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 120
"""Characters of a mapping that is shown in a message."""
SECRET = re.compile(r"(^|\.)env$")
"""What is never shown: the values of an environment may be secret."""

Difference = tuple[str, str, str]
"""Path, value found, value wanted."""


def differences(path: str, found: Any, wanted: Any) -> Iterator[Difference]:
    """What differs, as deep as both sides have the same shape. Nothing and an empty list or mapping are the same."""
    if _or_none(found) == _or_none(wanted):
        return
    if SECRET.search(path):
        yield path, "another environment", "the environment of the manifest"
    elif isinstance(found, Mapping) and isinstance(wanted, Mapping):
        for key in sorted(found.keys() | wanted.keys()):
            yield from differences(f"{path}.{key}", found.get(key), wanted.get(key))
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        for number, pair in enumerate(zip(found, wanted, strict=True)):
            yield from differences(f"{path}[{number}]", *pair)
    else:
        yield path, _told(found), _told(wanted)


def _or_none(value: Any) -> Any:
    return None if value in ([], {}) else value


def _told(value: Any) -> str:
    """Short; what holds a whole container is only counted, because of its environment."""
    if _or_none(value) is None:
        return "nothing"
    if isinstance(value, list) and isinstance(value[0], Mapping):
        return f"{len(value)} entries"
    text = str(value)
    return f"{len(value)} properties" if isinstance(value, Mapping) and len(text) > LONGEST else text
