"""The moments of a watch as records of the release. A record that could not be written stops nothing: the journal has
what decides, and the report misses a line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from slipway.release.errors import SlipwayError
from slipway.release.records.chain import Line, lines_of
from slipway.release.records.kinds import WatchEvent, WatchRecord
from slipway.release.records.release_record import digest_of, read_kind
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.store import RecordStore, append
from slipway.release.records.watch import WatchEntry
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters

Moment = Literal["opened", "silent", "held", "unseen", "breach", "superseded"]


def record_moment(
    adapters: Adapters,
    wanted: RolloutInputs,
    watch: WatchEntry,
    moment: Moment,
    by: str,
    **more: Any,  # noqa: ANN401 - fields of WatchEvent
) -> str | None:
    """Why it was not written; None when it is. Each moment is written once, but for `silent`."""
    if adapters.records is None:
        return None
    record = _record_of(adapters, wanted, watch, moment, by, more)

    def make(lines: list[Line]) -> Mapping[str, Any] | None:
        known = [one.event.phase for _, one in read_kind(lines, WatchRecord) if one.event.rollout == watch.rollout]
        return None if moment != "silent" and moment in known else record.to_content()

    try:
        append(adapters.records, make)
    except SlipwayError as error:
        return str(error)
    return None


def collect(inside: RecordStore, chain: RecordStore) -> None:
    """Add to a chain elsewhere what pods, which cannot reach it, recorded of watches beside the journal. Each record
    once, however often this is done. Raises ClusterError."""
    for _, found in read_kind(lines_of(inside.read()), WatchRecord):
        append(chain, partial(_unless_there, found))


def _unless_there(record: WatchRecord, lines: list[Line]) -> Mapping[str, Any] | None:
    known = {_moment_of(one) for _, one in read_kind(lines, WatchRecord)}
    return None if _moment_of(record) in known else record.to_content()


def _moment_of(record: WatchRecord) -> tuple[str, str, float]:
    return record.event.rollout, record.event.phase, record.at


def _record_of(
    adapters: Adapters, wanted: RolloutInputs, watch: WatchEntry, moment: Moment, by: str, more: Mapping[str, Any]
) -> WatchRecord:
    backend = watch.backend
    ended = watch.ended if watch.ended is not None else adapters.now()
    event = {
        "rollout": watch.rollout,
        "phase": moment,
        "opened": watch.opened,
        "for": watch.seconds,
        "holdback": watch.holdback / 100 if watch.holdback else None,
        "standby": watch.standby.version if watch.standby is not None else None,
        "onlyEscalates": watch.only_escalates,
        **more,
    }
    return WatchRecord(
        at=watch.opened if moment == "opened" else ended,
        by=by,
        stack=adapters.stack,
        target=str(wanted.where),
        service=wanted.service,
        subject=ReleasedVersion(
            revision=backend.revision, version=backend.version, image=backend.image, manifest=watch.manifest
        ),
        digest=digest_of(backend.image),
        event=WatchEvent.model_validate(event),
    )
