"""Between protobuf Structs and plain values: numbers that are whole come back as ints, secrets are never sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2


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
