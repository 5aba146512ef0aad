"""What any record tells a reader: a headline, facts, and lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from slipway.release.records.chain import Anchor
from slipway.release.records.kinds import (
    ClosureRecord,
    DrillRecord,
    FlagRecord,
    RefusalRecord,
    WatchCount,
    WatchRecord,
)
from slipway.release.records.release_record import RecordBase, Recorded, ReleaseRecord, ServiceRecord
from slipway.release.report.explain import explanation, headline
from slipway.release.report.watched import planned_of, said_of, status_of
from slipway.release.report.words import against_limit, counted, lasting
from slipway.release.units import show_moment

Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """One record for people."""

    headline: str
    facts: tuple[Fact, ...]
    lines: tuple[str, ...] = ()


def told(anchor: Anchor, record: RecordBase) -> Told:
    """Of every kind that this version reads."""
    about, facts, lines = _told(anchor, record)
    place: list[Fact] = [
        ("record", f"{anchor.seq}, {anchor.hash}"),
        ("written", f"{show_moment(record.at)} by {record.by}"),
    ]
    if isinstance(record, ServiceRecord):
        place += [("artifact", record.subject.image), ("revision", record.subject.revision)]
    place.append(("stack", f"{record.stack or 'none'}, {record.target}"))
    return Told(about, (*place, *facts), tuple(lines))


def _told(anchor: Anchor, record: RecordBase) -> tuple[str, list[Fact], Iterator[str] | tuple[str, ...]]:
    match record:
        case ReleaseRecord():
            one = Recorded(anchor=anchor, record=record)
            gates = record.event.gates.outcome if record.event.gates is not None else "unknown"
            return headline(one), [("manifest", record.subject.manifest), ("gates", gates)], explanation(one)
        case ClosureRecord():
            return _closure(record)
        case DrillRecord():
            return _drill(record)
        case RefusalRecord():
            return _refusal(record)
        case WatchRecord():
            return _watch(record)
        case FlagRecord():
            return _flag(record)
    raise TypeError(f"no record: {type(record).__name__}")


Parts = tuple[str, list[Fact], Iterator[str]]


def _closure(record: ClosureRecord) -> Parts:
    event = record.event
    facts = [("rollout", event.rollout), *([("note", event.note)] if event.note else [])]
    lines = (f"{point.name}: {point.found}" for point in event.checklist)
    return f"{_name(record)} was closed: every point of the checklist held", facts, lines


def _drill(record: DrillRecord) -> Parts:
    event = record.event
    what = f"the {event.procedure} of {event.flag}" if event.flag is not None else f"a {event.procedure}"
    probe = counted(event.failed_requests, event.requests) if event.requests is not None else "not sent"
    facts = [("receipt", f"{event.receipt}, sha256:{event.sha256}"), ("probe", probe)]
    problem = f"Why: {event.problem}"
    return (
        f"{_name(record)}: a drill of {what} {event.outcome} in {lasting(event.seconds)}",
        facts,
        iter([problem] if event.problem else []),
    )


def _refusal(record: RefusalRecord) -> Parts:
    event = record.event
    lines = (
        f"{one.gate}/{one.code} {one.field}: {one.found}{f' (next: {one.turn})' if one.turn else ''}"
        for one in event.findings
    )
    facts = [("manifest", f"sha256:{event.manifest_sha256}"), ("settings", event.configuration)]
    return f"The gates refused {_name(record)}: {len(event.findings)} finding(s)", facts, lines


def _watch(record: WatchRecord) -> Parts:
    event = record.event
    facts = [("rollout", event.rollout), ("watch", planned_of(event)), ("status", status_of(event, record.at))]
    return f"{_name(record)}, watched after 100%: {said_of(event)}", facts, map(_count, event.counts)


def _count(count: WatchCount) -> str:
    held = f"; hold-back {counted(count.baseline_bad, count.baseline_total, 'events')}" if count.baseline_total else ""
    evidence = ""
    if count.evidence is not None and count.threshold is not None:
        evidence = f"; evidence {against_limit(count.evidence, count.threshold)}"
    sample = f"; {count.sample}" if count.sample else ""
    return f"{count.name}: {counted(count.bad, count.total, 'events')}{held}{evidence}{sample}"


def _flag(record: FlagRecord) -> Parts:
    event = record.event
    facts = [("before", _state(event.before)), ("after", _state(event.after))]
    if event.reason:
        facts.append(("reason", event.reason))
    about = f"the flag {event.flag}" if event.flag is not None else "all flags"
    return f"{event.what} of {about} in the set {record.flags}, change {event.number}", facts, iter(())


def _state(value: JsonValue) -> str:
    return "absent" if value is None else json.dumps(value, sort_keys=True)


def _name(record: ServiceRecord) -> str:
    return f"{record.service} {record.subject.version}"
