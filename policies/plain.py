"""Resources as the SDK hands them over -> plain values. An unknown value anywhere raises UnknownValueError."""

# ruff: noqa: ANN401  (JSON is what it is)
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def plain(value: Any) -> Any:
    """A copy without proxies; whole floats become ints again, as they were before the wire."""
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(value[number]) for number in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
