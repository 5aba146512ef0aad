"""Names that a program leaves out, and what an update would change. Pure."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.standins.aws.entry import Entry, Json
from sandbox.standins.aws.fields import followed
from sandbox.standins.kubernetes import paths
from sandbox.standins.kubernetes.diff import Change, differences

LONGEST = 24
"""Characters that a made-up name begins with: with seven random ones it is no longer than a target group's may be."""


@dataclass(frozen=True)
class Difference:
    """One place where the inputs differ, as Pulumi writes it."""

    path: str
    change: Change
    replaces: bool


def named(entry: Entry, news: Json, olds: Mapping[str, Any], resource: str, seed: bytes) -> Json:
    """The inputs with a name: the recorded one, else one that is made up from the name in the program."""
    if not entry.autonamed or news.get(entry.autonamed):
        return news
    known = olds.get(entry.autonamed)
    word = hashlib.sha256(seed).hexdigest()[:7] if seed else secrets.token_hex(4)[:7]
    return {**news, entry.autonamed: known or f"{resource[:LONGEST]}-{word}"}


def compare(entry: Entry, old: Json, new: Json, ignored: Sequence[str]) -> list[Difference]:
    """What is different; another spelling of the same value is not."""
    same = {name: new[name] for name in old.keys() & new.keys() if _alike(old[name], new[name])}
    hidden = {text.partition(".")[0].partition("[")[0] for text in ignored}
    return [one for one in _differences(entry, {**old, **same}, new) if one.path.split(".")[0] not in hidden]


def collides(entry: Entry, old: Json, new: Json) -> bool:
    """Whether old and new cannot exist beside each other."""
    names = (entry.unique or entry.autonamed).split()
    return bool(names) and all(old.get(name) == new.get(name) for name in names)


def _alike(old: Any, new: Any) -> bool:  # noqa: ANN401 - JSON
    return bool(followed(new, old) == new and followed(old, new) == old)


def _differences(entry: Entry, old: Json, new: Json) -> Iterator[Difference]:
    replacing, kept = entry.replaces.split(), {"tags", *entry.ignored.split()}
    for path, change in differences(old, new):
        top = str(path[0])
        if top == "__defaults":
            continue
        replaces = top in replacing or (replacing == ["*"] and top not in kept)
        yield Difference(paths.render(path), change, replaces)
