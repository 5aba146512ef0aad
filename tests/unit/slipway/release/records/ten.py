"""Ten releases of mixed outcomes, carried out by the real controller on a world in memory and recorded; and what the
test itself did and saw, from which everything can be counted again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from slipway.release.errors import SlipwayError
from slipway.release.records.journal import Drill
from slipway.release.records.release_record import Recorded
from slipway.rollout.recording import ReleaseFacts
from tests.manifests import release
from tests.unit.slipway.rollout.examples import backend, wanted
from tests.unit.slipway.rollout.recording import GATES, Recording
from tests.unit.slipway.rollout.test_operations import NoGuard

DAY = 86400.0
BEGAN = 1_763_464_000.0
HOTFIX = {"ticket": "INC-7", "reason": "checkout fails", "followUpDue": "2025-12-24T12:00:00Z"}


@dataclass(frozen=True)
class Did:
    """One release as the test carried it out: what it asked for, and when it began and ended by the world's clock.
    `committed_at` is of its change; `fault` the bad share of the new version; `drill` the procedure it rehearses."""

    version: str
    outcome: str
    fault: float = 0.0
    lead: float | None = None
    hotfix: bool = False
    drill: Drill | None = None
    began: float = 0.0
    ended: float = 0.0


PLAN = (
    Did("a1", "committed", lead=3600.0),
    Did("b2", "committed", lead=7200.0),
    Did("c3", "aborted", fault=0.3),
    Did("c4", "committed", hotfix=True),
    Did("d5", "committed", lead=86400.0),
    Did("c4", "rolled-back"),
    Did("d5", "refused"),
    Did("e6", "interrupted"),
    Did("e7", "aborted", fault=0.5),
    Did("f8", "committed", lead=1800.0),
)


REHEARSED = (
    *PLAN[:4],
    Did("b2", "rolled-back", drill="rollback"),
    Did("c4", "rolled-back", drill="rollback"),
    *PLAN[4:],
    Did("g9", "aborted", fault=0.5, drill="deploy"),
    Did("h1", "committed", lead=60.0, drill="deploy"),
)
"""The same ten with drills between: the rollback of c4 and the way forth again, and two deploys."""


def ten_releases(monkeypatch: pytest.MonkeyPatch, plan: tuple[Did, ...] = PLAN) -> tuple[Recording, list[Did]]:
    """One a day, beginning with the service's first; drills come six hours after what went before."""
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
    it = Recording()
    it.world.clock.seconds = BEGAN
    it.world.router.delete()
    did: list[Did] = []
    for one in plan:
        at = BEGAN + DAY * sum(before.drill is None for before in did)
        did.append(_carry_out(it, one, at if one.drill is None else did[-1].began + DAY / 4))
    return it, did


def revision_of(version: str) -> str:
    return f"{version}{'0' * 6}"


def _carry_out(it: Recording, one: Did, at: float) -> Did:
    world, revision = it.world, revision_of(one.version)
    world.traffic.flow()
    world.clock.advance(at - world.clock.now())
    inputs = wanted(revision)
    world.workloads.put(backend(revision))
    world.traffic.bad = {f"checkout-{revision}": one.fault} if one.fault else {}
    if revision not in it.facts_of:
        it.facts_of[revision] = _facts(one, at)
    world.cancelled.clear()
    if one.outcome == "refused":
        it.recorder(inputs, one.drill).refused("a sentence says why")
        return _done(one, at, world.clock.now())
    if one.outcome == "interrupted":
        world.clock.plans.append((at + 3.0, world.cancelled.set))
    try:
        it.update(inputs, one.drill)
    except SlipwayError:
        assert one.outcome in ("aborted", "interrupted")
    else:
        assert one.outcome in ("committed", "rolled-back")
    return _done(one, at, world.clock.now())


def _done(one: Did, began: float, ended: float) -> Did:
    return replace(one, began=began, ended=ended)


def _facts(one: Did, at: float) -> ReleaseFacts:
    change: dict[str, Any] = {"id": f"PAY-{one.version}", "kind": "feature"}
    if one.lead is not None:
        change["committedAt"] = datetime.fromtimestamp(at - one.lead, UTC).isoformat()
    more: dict[str, Any] = {"hotfix": HOTFIX} if one.hotfix else {}
    found = release(version=one.version, scope__changes=[change], **more)
    return ReleaseFacts(release=found, gates=GATES)


def by_outcome(found: list[Recorded], *outcomes: str) -> list[Recorded]:
    return [one for one in found if one.event.ending in outcomes]
