"""Inputs that follow the live object: what another manager changed among the fields that we declare."""

from __future__ import annotations

from sandbox.standins.kubernetes.values import Secret, Tree

_MISSING = object()


def follow(inputs: Tree, before: Tree, now: Tree) -> Tree:
    """``inputs`` as they would read had the program declared what is live ``now``.

    ``before`` is the live object as it was recorded with these inputs. Only a change between the two counts, so that
    defaults and the server's own way of writing a value (``1000m`` as ``1``) never look like drift. Fields that the
    inputs do not declare, or that the server never gave back (``stringData``), stay out of it.
    """
    followed = _follow(inputs, before, now)
    return inputs if followed is _MISSING else followed


def _follow(inputs: Tree, before: Tree, now: Tree) -> Tree:
    if isinstance(inputs, Secret):
        inner = _follow(inputs.value, _open(before), _open(now))
        return inner if inner is _MISSING else Secret(inner)
    before, now = _open(before), _open(now)
    if before is _MISSING or before == now:
        return inputs
    if now is _MISSING:
        return _MISSING
    if isinstance(inputs, dict) and isinstance(before, dict) and isinstance(now, dict):
        return _members(inputs, before, now)
    if isinstance(inputs, list) and isinstance(before, list) and isinstance(now, list):
        return _items(inputs, before, now)
    return now


def _members(inputs: dict[str, Tree], before: dict[str, Tree], now: dict[str, Tree]) -> dict[str, Tree]:
    followed = {key: _follow(value, before.get(key, _MISSING), now.get(key, _MISSING)) for key, value in inputs.items()}
    return {key: value for key, value in followed.items() if value is not _MISSING}


def _items(inputs: list[Tree], before: list[Tree], now: list[Tree]) -> Tree:
    named = [_by_name(each) for each in (inputs, before, now)]
    ours, theirs, live = named
    if ours is not None and theirs is not None and live is not None:
        followed = [_follow(item, theirs.get(name, _MISSING), live.get(name, _MISSING)) for name, item in ours.items()]
        return [item for item in followed if item is not _MISSING]
    if len(inputs) == len(before) == len(now):
        return [_follow(*triple) for triple in zip(inputs, before, now, strict=True)]
    return now


def _by_name(items: list[Tree]) -> dict[Tree, Tree] | None:
    """The items by their ``name``; None when they have no names of their own."""
    named = {item["name"]: item for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)}
    return named if len(named) == len(items) else None


def _open(tree: Tree) -> Tree:
    return tree.value if isinstance(tree, Secret) else tree
