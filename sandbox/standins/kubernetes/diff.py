"""What an update would change: old inputs against new ones, never against what the server filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.standins.kubernetes import paths
from sandbox.standins.kubernetes.immutable import needs_new_object
from sandbox.standins.kubernetes.naming import is_autonamed
from sandbox.standins.kubernetes.settings import Settings
from sandbox.standins.kubernetes.tokens import Kind, kind_of_object
from sandbox.standins.kubernetes.values import UNKNOWN, Tree, plain

Change = Literal["add", "delete", "update"]


@dataclass(frozen=True)
class Difference:
    """One place where the inputs differ."""

    path: paths.Path
    change: Change
    replaces: bool = False


@dataclass(frozen=True)
class Verdict:
    """All differences; ``delete_first`` when old and new object would have one name."""

    differences: tuple[Difference, ...]
    delete_first: bool


def compare(
    old: dict[str, Tree], new: dict[str, Tree], kind: Kind, settings: Settings, ignored: Sequence[str] = ()
) -> Verdict:
    """The verdict on an object whose recorded inputs are ``old`` and whose wanted inputs are ``new``."""
    old, new = plain(old), plain(new)
    old = _canonical(old, new)
    hidden = [tuple(map(str, paths.parse(text))) for text in ignored]
    found = []
    for path, change in differences(old, new):
        if any(paths.under(tuple(map(str, path)), pattern) for pattern in hidden):
            continue
        replaces = path == ("apiVersion",) and _group(old) != _group(new)
        replaces = replaces or needs_new_object(
            kind, path, config_map_mutable=settings.config_map_mutable, secret_mutable=settings.secret_mutable
        )
        found.append(Difference(path, change, replaces))
    replaced = any(each.replaces for each in found)
    return Verdict(tuple(found), delete_first=replaced and not is_autonamed(new) and _identity(old) == _identity(new))


def differences(old: Tree, new: Tree, path: paths.Path = ()) -> Iterator[tuple[paths.Path, Change]]:
    """Every place where two plain trees differ, as deep as possible; an unknown differs from everything known."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _member(key, old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            here = (*path, index)
            if index >= len(old):
                yield here, "add"
            elif index >= len(new):
                yield here, "delete"
            else:
                yield from differences(old[index], new[index], here)
    elif not _same(old, new):
        yield path, "update"


def _member(
    key: str, old: dict[str, Tree], new: dict[str, Tree], path: paths.Path
) -> Iterator[tuple[paths.Path, Change]]:
    here = (*path, key)
    before, after = old.get(key), new.get(key)
    if before is None and after is None:
        return
    if before is None:
        yield here, "add"
    elif after is None:
        yield here, "delete"
    else:
        yield from differences(before, after, here)


def _same(old: Tree, new: Tree) -> bool:
    if new is UNKNOWN or old is UNKNOWN:
        return old is new
    comparable = type(old) is type(new) or (_number(old) and _number(new))
    return bool(comparable and old == new)


def _number(value: Tree) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _canonical(old: dict[str, Tree], new: dict[str, Tree]) -> dict[str, Tree]:
    """Old inputs without a difference that means nothing: a namespace that only later inputs spell out."""
    metadata, wanted = old.get("metadata"), new.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(wanted, dict):
        return old
    if "namespace" in metadata or wanted.get("namespace") != "default":
        return old
    return old | {"metadata": metadata | {"namespace": "default"}}


def _group(inputs: dict[str, Tree]) -> str:
    return kind_of_object(str(inputs.get("apiVersion", "")), "").group


def _identity(inputs: dict[str, Tree]) -> tuple[Tree, Tree]:
    metadata = inputs.get("metadata") or {}
    return metadata.get("name"), metadata.get("namespace")
