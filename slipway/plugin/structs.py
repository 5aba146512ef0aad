"""Between protobuf Structs and plain values: numbers that are whole come back as ints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - Pulumi's mark of a secret, the same everywhere
"""An object whose SIGNATURE is SECRET is a secret value, in Pulumi's protocol."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""In the place of a value that only the update will know, in Pulumi's protocol. There is none but in previews."""


def secret_keys(struct: struct_pb2.Struct) -> list[str]:
    """The properties that are, or hold, a secret."""
    return sorted(key for key, value in json_format.MessageToDict(struct).items() if _holds_secret(value))


def to_plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A Struct as a dict of plain values; a Struct knows only floats, so whole numbers become ints again."""
    return {key: _whole(value) for key, value in json_format.MessageToDict(struct).items()}


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain values as a Struct; None values are left out."""
    struct = struct_pb2.Struct()
    json_format.ParseDict({key: value for key, value in values.items() if value is not None}, struct)
    return struct


def _whole(value: Any) -> Any:  # noqa: ANN401 - JSON is what it is
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value


def _holds_secret(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_holds_secret, value))
    if isinstance(value, dict):
        return value.get(SIGNATURE) == SECRET or any(map(_holds_secret, value.values()))
    return False
