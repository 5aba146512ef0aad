"""What previews and checklists say of a watch. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.release.records.journal import Head
from slipway.release.records.watch import WatchPhase
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.units import show_seconds
from slipway.release.watch_job import watch_job_name
from slipway.rollout.watching.document import WatchDocument, dead_since


@dataclass(frozen=True, slots=True)
class Point:
    """Whether a watch stands in the way of closing its release, and why."""

    holds: bool
    found: str


def who_watches(wanted: RolloutInputs) -> tuple[str, ...]:
    """Where the watch that follows the commit runs; nothing without one."""
    if wanted.watch is None:
        return ()
    job = watch_job_name(wanted.service, wanted.candidate.revision)
    where = f"the Job {job} watches" if wanted.run is not None else f"`slipway watch {wanted.service}` has to be run"
    return (f"after the commit {where}",)


def closing_line(head: Head | None, evidence: WatchDocument | None, revision: str, now: float) -> Point | None:
    """For `slipway close`; None where this revision was not watched, or the journal knows of a later watch only."""
    watch = head.watch if head is not None else None
    if watch is None or watch.backend.revision != revision:
        return None
    if watch.unfinished:
        left = show_seconds(float(round(max(0.0, watch.until - now))))
        dead = dead_since(evidence if evidence is not None and evidence.watch == watch.id else None, watch.opened, now)
        return Point(False, f"{watch.phase.value}, {left} left" + (f"; it is dead: {dead}" if dead else ""))
    held = watch.phase in (WatchPhase.PASSED, WatchPhase.SUPERSEDED)
    return Point(held, f"{watch.phase.value}{f': {watch.reason}' if watch.reason else ''}")
