"""Puts on record that the gates refused a release: by whom it was tried, and what refused it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.release.records.chain import Line
from slipway.release.records.kinds import RefusalRecord
from slipway.release.records.release_record import read_kind
from slipway.release.records.store import RecordStore, append


def record_refusal(store: RecordStore, refusal: RefusalRecord) -> None:
    """The same refusal of the same release once, as long as nothing else is recorded after it: a preview and the update
    after it are judged alike, and a refused release is often tried again. Raises ClusterError."""

    def make(lines: list[Line]) -> Mapping[str, Any] | None:
        last = [record for _, record in read_kind(lines[-1:], RefusalRecord)]
        return None if any(_same(one, refusal) for one in last) else refusal.to_content()

    append(store, make)


def _same(one: RefusalRecord, other: RefusalRecord) -> bool:
    return (one.event, one.subject, one.stack) == (other.event, other.subject, other.stack)
