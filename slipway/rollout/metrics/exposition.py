"""A page in Prometheus' text format, as range samples of one emitter. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from slipway.release.errors import ClusterError

_LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"\s*,?')
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def rows_of(text: str, wanted: Collection[str], emitter: str, at: float) -> list[dict[str, Any]]:
    """The samples of the metrics in `wanted`, as Prometheus would give them had it scraped `emitter` at `at`. Raises
    ClusterError for a wanted line that cannot be read."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        name = re.split(r"[{\s]", line, maxsplit=1)[0]
        if name not in wanted:
            continue
        parts = _LINE.fullmatch(line)
        labels = None if parts is None else _labels(parts[2] or "")
        if parts is None or labels is None or not _is_number(parts[3]):
            raise ClusterError(f"{emitter}: its statistics hold a line that cannot be read: {line[:80]}")
        found.append({"metric": {**labels, "__name__": name, "pod": emitter}, "values": [[at, parts[3]]]})
    return found


def _labels(text: str) -> dict[str, str] | None:
    found, place = {}, 0
    while place < len(text):
        label = _LABEL.match(text, place)
        if label is None:
            return None
        found[label[1]] = re.sub(r'\\[n"\\]', lambda escape: _ESCAPES[escape[0]], label[2])
        place = label.end()
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
