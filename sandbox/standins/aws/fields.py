"""How inputs of Pulumi and members of the API correspond. Pure.

Both sides are paths with dots. What no field covers is refused by its name, in either direction never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote

from sandbox.standins.kubernetes.values import UNKNOWN

Tree: TypeAlias = Any
Kind = Literal["plain", "json", "document", "choice", "map"]


@dataclass(frozen=True)
class Field:
    """``pulumi`` and ``api`` are paths from the same place.

    Kinds: ``json`` is a text on our side and its content on the other; ``document`` a text of JSON on both, whose
    spelling is no difference; ``choice`` true and false for the two ``names``; ``map`` an object for a list whose
    members have the two ``names``. ``each`` are the fields of an object, or of the members of a list.
    """

    pulumi: str
    api: str
    kind: Kind = "plain"
    each: tuple[Field, ...] = ()
    names: tuple[str, str] = ("Name", "Value")


def same(*names: str) -> tuple[Field, ...]:
    """Fields that only differ in their first letter's case: `desiredCount` is DesiredCount."""
    return tuple(Field(name, name[0].upper() + name[1:]) for name in names)


def equal(*names: str) -> tuple[Field, ...]:
    """Fields with one name on both sides."""
    return tuple(Field(name, name) for name in names)


def to_api(inputs: Mapping[str, Tree], fields: Sequence[Field]) -> dict[str, Tree]:
    """The request that these inputs make."""
    found: dict[str, Tree] = {}
    for field in fields:
        value = get(inputs, field.pulumi)
        if value is not None:
            put(found, field.api, _outward(value, field))
    return found


def from_api(live: Mapping[str, Tree], fields: Sequence[Field]) -> dict[str, Tree]:
    """The inputs that would make what is there."""
    found: dict[str, Tree] = {}
    for field in fields:
        value = get(live, field.api)
        if value is not None and value != []:
            put(found, field.pulumi, _inward(value, field))
    return found


def uncovered(inputs: Mapping[str, Tree], fields: Sequence[Field]) -> Iterator[str]:
    """The paths of inputs that no field covers."""
    for path, value in _paths(inputs, ""):
        mine = next((one for one in fields if path == one.pulumi or path.startswith(f"{one.pulumi}.")), None)
        if mine is None:
            if not isinstance(value, dict) or not any(one.pulumi.startswith(f"{path}.") for one in fields):
                yield path
        elif mine.each and path == mine.pulumi and isinstance(value, list):
            for number, element in enumerate(value):
                if isinstance(element, dict):
                    yield from (f"{path}[{number}].{rest}" for rest in uncovered(element, mine.each))


def followed(declared: Tree, live: Tree) -> Tree:
    """What is declared, changed where ``live`` differs: members that are not declared are not followed, and another
    spelling of the same value is no difference."""
    if isinstance(declared, dict) and isinstance(live, dict):
        return {name: followed(value, live.get(name)) for name, value in declared.items()}
    if isinstance(declared, list) and isinstance(live, list):
        if len(declared) == len(live):
            if sorted(map(repr, declared)) == sorted(map(repr, live)):
                return declared
            return [followed(mine, other) for mine, other in zip(declared, live, strict=True)]
        return live
    if isinstance(declared, str) and isinstance(live, str) and _document(declared) is not None:
        mine, other = _document(declared), _document(live)
        return declared if followed(mine, other) == mine else live
    if isinstance(live, str) and live.startswith("arn:") and live.endswith(f"/{declared}"):
        return declared  # by its name
    return declared if _spelt(declared) == _spelt(live) else live


def get(tree: Tree, path: str) -> Tree:
    """The value at a path; None where there is none. A number is a place in a list."""
    for name in path.split("."):
        if isinstance(tree, list):
            tree = tree[int(name)] if len(tree) > int(name) else None
        else:
            tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def put(tree: dict[str, Tree], path: str, value: Tree) -> None:
    """Set the value at a path, with the objects on the way."""
    *way, last = path.split(".")
    for name in way:
        tree = tree.setdefault(name, {})
    tree[last] = value


def _outward(value: Tree, field: Field) -> Tree:
    if value is UNKNOWN:
        return value
    if field.kind == "json":
        return json.loads(value)
    if field.kind == "choice":
        return field.names[0 if value else 1]
    if field.kind == "map":
        name, content = field.names
        return [{name: key, content: each} for key, each in value.items()]
    if field.each:
        return [to_api(one, field.each) for one in value] if isinstance(value, list) else to_api(value, field.each)
    return value


def _inward(value: Tree, field: Field) -> Tree:
    if field.kind == "json":
        return json.dumps(value, sort_keys=True)
    if field.kind == "document":
        return unquote(value) if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if field.kind == "choice":
        return value == field.names[0]
    if field.kind == "map":
        name, content = field.names
        return {one[name]: one.get(content, "") for one in value}
    if field.each:
        return [from_api(one, field.each) for one in value] if isinstance(value, list) else from_api(value, field.each)
    return value


def _paths(tree: Mapping[str, Tree], before: str) -> Iterator[tuple[str, Tree]]:
    for name, value in tree.items():
        yield f"{before}{name}", value
        if isinstance(value, dict):
            yield from _paths(value, f"{before}{name}.")


def _document(text: str) -> Tree:
    """The object or list in a text of JSON; None when it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _spelt(value: Tree) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
