"""What counts as a release, as its failure and as a rollback, for all that is counted of records. Pure.

A rollout that was a drill is none of these: it rehearsed, and its traffic was moved on purpose. That it moved the
traffic still counts when it is asked what a later rollback left.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from slipway.release.records.chain import Line
from slipway.release.records.kinds import WatchRecord
from slipway.release.records.release_record import Recorded, read_kind


def releases(records: Sequence[Recorded]) -> list[Recorded]:
    """Rollouts that were meant: of any ending, refused ones too, and no drill."""
    return [one for one in records if one.event.drill is None]


def took_over(one: Recorded) -> bool:
    """Whether it got all the traffic."""
    return one.event.ending in ("committed", "rolled-back")


def deployments(records: Sequence[Recorded]) -> list[Recorded]:
    """Releases of something new that took over all the traffic."""
    return [one for one in releases(records) if one.event.ending == "committed"]


def exposed(records: Sequence[Recorded]) -> list[Recorded]:
    """Deployments, and what was aborted after users had reached it."""
    return [
        one
        for one in releases(records)
        if one.event.ending == "committed" or (one.event.ending == "aborted" and one.event.had_traffic)
    ]


def rollback_of(records: Sequence[Recorded], deployed: Recorded) -> Recorded | None:
    """The rollback that left this deployment, if that was the next thing that took over the traffic. A drill that came
    between left it for a while, or for good where its way forth failed or it was a drilled deploy."""
    left = deployed.record.subject.revision
    serving = left
    for one in records:
        if one.anchor.seq <= deployed.anchor.seq or not took_over(one):
            continue
        if one.event.drill is None:
            return one if one.event.ending == "rolled-back" and serving == left else None
        serving = one.record.subject.revision
    return None


def returned_by_watch(lines: Sequence[Line]) -> dict[str, float]:
    """Rollouts whose release its watch took back -> when the standby had all the traffic again, in Unix seconds."""
    return {
        record.event.rollout: record.at
        for _, record in read_kind(lines, WatchRecord)
        if record.event.phase == "breach" and record.event.moved
    }


def failed(records: Sequence[Recorded], one: Recorded, returned: Container[str]) -> bool:
    """Whether it was aborted, is one of the rollouts that their watch `returned`, or was left by a rollback."""
    return one.event.ending == "aborted" or one.event.rollout in returned or rollback_of(records, one) is not None


def is_hotfix(one: Recorded) -> bool:
    """Whether its manifest says so."""
    release = one.event.release
    if release is None:
        return False
    return release.hotfix is not None or any(change.kind == "hotfix" for change in release.scope.changes)
