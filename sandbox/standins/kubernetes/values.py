"""Property values between Pulumi's wire format and plain Python, with secrets and unknowns kept apart.

On the wire a secret is an object with a signature and an unknown a string with a fixed UUID; both constants are
Pulumi's (``sdk/go/common/resource/plugin/rpc.go`` and ``resource/properties.go``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

from sandbox.standins.errors import InvalidInputError

Tree = Any
"""JSON-like: dict, list, str, int, float, bool, None, and here also :class:`Secret` and :data:`UNKNOWN`."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, not one
_ASSETS = {"c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"}
_UNKNOWNS = {
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}
_UNKNOWN_ON_THE_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown:
    """A value that only an update will tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that is stored encrypted and never shown."""

    value: Tree

    def __repr__(self) -> str:
        return "Secret(...)"


def from_struct(message: struct_pb2.Struct) -> dict[str, Tree]:
    """Absent members stay absent: nulls inside objects are dropped, as Kubernetes means them."""
    members = ((key, _from_value(value)) for key, value in message.fields.items())
    return {key: value for key, value in members if value is not None}


def to_struct(tree: Mapping[str, Tree]) -> struct_pb2.Struct:
    """The reverse of :func:`from_struct`."""
    return struct_pb2.Struct(fields={key: _to_value(value) for key, value in tree.items()})


def plain(tree: Tree) -> Tree:
    """Without the marks of secrets. The result must not be logged."""
    if isinstance(tree, Secret):
        return plain(tree.value)
    return _rebuilt(tree, plain)


def has_unknown(tree: Tree) -> bool:
    return any(leaf is UNKNOWN for leaf in leaves(tree))


def leaves(tree: Tree) -> Iterator[Tree]:
    """Every value that holds no other; secrets are looked into."""
    if isinstance(tree, Secret):
        yield from leaves(tree.value)
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from leaves(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value)
    else:
        yield tree


def conceal(tree: Tree, like: Tree) -> Tree:
    """``tree`` with everything marked secret that is secret at the same place in ``like``."""
    if isinstance(like, Secret):
        return tree if isinstance(tree, Secret) else Secret(tree)
    if isinstance(tree, dict) and isinstance(like, dict):
        return {key: conceal(value, like[key]) if key in like else value for key, value in tree.items()}
    if isinstance(tree, list) and isinstance(like, list):
        return [conceal(value, like[i]) if i < len(like) else value for i, value in enumerate(tree)]
    return tree


def secret_texts(tree: Tree) -> set[str]:
    """The strings inside secrets, for :func:`redact`."""
    if isinstance(tree, Secret):
        return {leaf for leaf in leaves(tree) if isinstance(leaf, str)}
    if isinstance(tree, dict):
        return set().union(*(secret_texts(value) for value in tree.values()))
    if isinstance(tree, list):
        return set().union(*(secret_texts(value) for value in tree))
    return set()


def redact(text: str, secrets: set[str]) -> str:
    """``text`` without any of ``secrets``; very short ones are left, they would take innocent words with them."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) > 3:
            text = text.replace(secret, "[secret]")
    return text


def _rebuilt(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    if isinstance(tree, dict):
        return {key: change(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [change(value) for value in tree]
    return tree


def _from_value(value: struct_pb2.Value) -> Tree:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_from_value(each) for each in value.list_value.values]
    if kind == "struct_value":
        return _from_object(value.struct_value)
    return None


def _from_object(message: struct_pb2.Struct) -> Tree:
    signature = message.fields[_SIGNATURE].string_value if _SIGNATURE in message.fields else None
    if signature == _SECRET:
        return Secret(_from_value(message.fields["value"]))
    if signature in _ASSETS:
        raise InvalidInputError("a Kubernetes object cannot hold an asset or archive: pass its text instead")
    return from_struct(message)


def _to_value(tree: Tree) -> struct_pb2.Value:
    if isinstance(tree, Secret):
        marked = struct_pb2.Struct(fields={_SIGNATURE: _to_value(_SECRET), "value": _to_value(tree.value)})
        return struct_pb2.Value(struct_value=marked)
    if tree is UNKNOWN:
        return struct_pb2.Value(string_value=_UNKNOWN_ON_THE_WIRE)
    if isinstance(tree, dict):
        return struct_pb2.Value(struct_value=to_struct(tree))
    if isinstance(tree, list):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_to_value(each) for each in tree]))
    return _to_scalar(tree)


def _to_scalar(tree: Tree) -> struct_pb2.Value:
    if tree is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(tree, bool):
        return struct_pb2.Value(bool_value=tree)
    if isinstance(tree, (int, float)):
        return struct_pb2.Value(number_value=tree)
    return struct_pb2.Value(string_value=tree)
