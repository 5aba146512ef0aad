"""The output with which the stack's state keeps the end of a chain of records."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2

from slipway.plugin.structs import to_plain
from slipway.release.records.chain import Anchor

RECORD = "record"


def anchored(anchor: Anchor | None) -> dict[str, Any]:
    """The output; none where no record is known."""
    return {RECORD: anchor.model_dump(mode="json")} if anchor is not None else {}


def still_anchored(properties: struct_pb2.Struct) -> dict[str, Any]:
    """As the state has it: a refresh reads what is in force, and never takes a chain for whole that it has not seen."""
    known = to_plain(properties)
    return {RECORD: known[RECORD]} if RECORD in known else {}
