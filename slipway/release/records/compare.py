"""How two recorded releases differ: artifact, configuration, evidence, policies and flags. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from slipway.release.difference import differences
from slipway.release.manifest.base import FrozenModel
from slipway.release.records.chain import Line
from slipway.release.records.kinds import FlagRecord
from slipway.release.records.release_record import Recorded, read_kind

CONFIGURATION = ("workload", "route", "strategy", "guardrails", "analysis", "watch", "environment", "rollback", "owner")
"""Sections of a manifest that say how the artifact is run and released."""
UNKNOWN = "unknown: the record has no manifest"


class Change(FrozenModel):
    """One difference between two releases."""

    part: str
    """artifact, configuration, migrations, evidence, policies or flags."""
    path: str
    before: str
    after: str


def compare(one: Recorded, other: Recorded) -> tuple[Change, ...]:
    """What is different in `other`; values of the container's environment are hashes in both."""
    return tuple(_changes(one, other))


def compare_flags(name: str, lines: Sequence[Line], one: Recorded, other: Recorded) -> tuple[Change, ...]:
    """What changed of a set of flags from the end of one release to that of the other, by the set's own records."""
    since, until = sorted((one.event.ended, other.event.ended))
    first: dict[str, JsonValue] = {}
    last: dict[str, JsonValue] = {}
    for _, record in read_kind(lines, FlagRecord):
        if record.event.flag is not None and since < record.at <= until:
            first.setdefault(record.event.flag, record.event.before)
            last[record.event.flag] = record.event.after
    sides = (first, last) if one.event.ended <= other.event.ended else (last, first)
    return tuple(
        Change(part="flags", path=f"{name}.{flag}", before=_state(sides[0][flag]), after=_state(sides[1][flag]))
        for flag in sorted(first)
        if first[flag] != last[flag]
    )


def _state(value: JsonValue) -> str:
    return "absent" if value is None else json.dumps(value, sort_keys=True)


def _changes(one: Recorded, other: Recorded) -> Iterator[Change]:
    for path, before, after in (
        ("image", one.record.subject.image, other.record.subject.image),
        ("revision", one.record.subject.revision, other.record.subject.revision),
    ):
        if before != after:
            yield Change(part="artifact", path=path, before=before, after=after)
    mine, theirs = one.event.declared, other.event.declared
    if mine is None or theirs is None:
        told = [UNKNOWN if declared is None else "a manifest" for declared in (mine, theirs)]
        yield Change(part="configuration", path="manifest", before=told[0], after=told[1])
    else:
        yield from _declared(mine, theirs)
    yield from _evidence(one, other)
    yield from _policies(one, other)


def _declared(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Change]:
    yield from _environment(mine, theirs)
    for section in CONFIGURATION:
        before, after = _without_environment(mine.get(section)), _without_environment(theirs.get(section))
        for path, found, wanted in differences(section, before, after):
            yield Change(part="configuration", path=path, before=found, after=wanted)
    names = [[migration["id"] for migration in one.get("migrations", ())] for one in (mine, theirs)]
    if names[0] != names[1]:
        yield Change(part="migrations", path="migrations", before=_list(names[0]), after=_list(names[1]))
    flags = [sorted({c["flag"] for c in one["scope"]["changes"] if c.get("flag")}) for one in (mine, theirs)]
    if flags[0] != flags[1]:
        yield Change(part="flags", path="scope.changes[].flag", before=_list(flags[0]), after=_list(flags[1]))


def _environment(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Change]:
    """By name: the values are hashes, and only that they differ is told."""
    for given in ("env", "files"):
        before, after = (one.get("workload", {}).get(given, {}) for one in (mine, theirs))
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                told = ["absent" if name not in side else "set" for side in (before, after)]
                told = ["one value", "another value"] if told == ["set", "set"] else told
                path = f"workload.{given}.{name}"
                yield Change(part="configuration", path=path, before=told[0], after=told[1])


def _without_environment(section: object) -> object:
    if not isinstance(section, Mapping):
        return section
    return {key: value for key, value in section.items() if key not in ("env", "files")}


def _evidence(one: Recorded, other: Recorded) -> Iterator[Change]:
    before, after = ({line.path: line for line in side.event.evidence} for side in (one, other))
    for path in sorted({*before, *after}):
        told = [f"{side[path].kind} {side[path].sha256[:12]}" if path in side else "none" for side in (before, after)]
        if told[0] != told[1]:
            yield Change(part="evidence", path=path, before=told[0], after=told[1])


def _policies(one: Recorded, other: Recorded) -> Iterator[Change]:
    before, after = one.event.gates, other.event.gates
    for path in ("outcome", "configuration", "sha256"):
        told = [str(getattr(side, path) or "none") if side is not None else "unknown" for side in (before, after)]
        if told[0] != told[1]:
            yield Change(part="policies", path=f"gates.{path}", before=told[0], after=told[1])


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"
