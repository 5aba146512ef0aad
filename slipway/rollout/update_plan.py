"""What an update has to do, decided from the journal and the live route alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from slipway.release.manifest.plan import Kind
from slipway.release.records.journal import Head, Serving
from slipway.release.records.watch import WatchPhase
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.resting import kept_watch, resting_split, rests
from slipway.rollout.routers.base import LiveRoute, Split

OURS = "slipway-rollout"
"""The field manager of Slipway's own writes."""


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """`repair`: traffic or replicas must first be put back on `serving`. `then`: a rollout of some kind, or
    `settle`, which is to write the route's own settings without any rollout."""

    repair: bool
    then: Kind | Literal["settle"]
    serving: Serving | None


def update_plan_of(
    wanted: RolloutInputs, head: Head | None, live: LiveRoute | None, recorded: Serving | None
) -> UpdatePlan:
    """`recorded` is what the stack's state says was serving: the answer when the journal is gone."""
    serving = head.serving if head is not None and head.serving is not None else recorded
    if serving is None:
        return UpdatePlan(repair=False, then="first", serving=None)
    unfinished = head is not None and head.unfinished
    repair = unfinished or not rests(live, resting_split(serving, kept_watch(head, wanted)))
    revision = wanted.candidate.revision
    if serving.backend.revision == revision:
        return UpdatePlan(repair, "settle", serving)
    known = head is not None and head.has_completed(revision)
    return UpdatePlan(repair, "rollback" if known else "forward", serving)


def pending_reason(
    wanted: RolloutInputs, head: Head | None, live: LiveRoute | None, settings_hash: str, what: str = ""
) -> str | None:
    """Why an update is due although the inputs have not changed; None when the world is as declared.

    `settings_hash` is the hash of the route settings that the inputs want, `what` in words what of them differs.
    """
    if head is None or head.serving is None:
        return "the journal of the rollout is missing or holds no completed release"
    if head.unfinished:
        return "a rollout was interrupted and its traffic is not settled"
    if head.watching is not None and head.watching.phase is WatchPhase.BREACHED:
        return f"the watch saw a breach that was not acted on yet: {head.watching.reason}"
    if head.serving.backend.revision != wanted.candidate.revision:
        return f"revision {head.serving.backend.revision} serves, not {wanted.candidate.revision}"
    if head.leaving:
        return f"{', '.join(one.entry for one in head.leaving)} was not seen without requests yet"
    if head.raised:
        raised = ", ".join(one.workload for one in head.raised)
        return f"the declared minimum of the autoscaler of {raised} is not written back yet"
    return _drift(live, resting_split(head.serving, kept_watch(head, wanted)), settings_hash, what)


def who_changed(live: LiveRoute) -> str:
    """`another writer (kubectl-patch)`; without the name where the last writer is unknown or was Slipway itself."""
    return f"another writer ({live.changed_by})" if live.changed_by not in ("", OURS) else "another writer"


def _drift(live: LiveRoute | None, split: Split, settings_hash: str, what: str) -> str | None:
    if live is None:
        return "the route is missing"
    if not rests(live, split):
        shares = ", ".join(f"{name} {share:g}%" for name, share in sorted(live.shares.items()))
        return f"{who_changed(live)} changed the weights: {shares}"
    idle = sorted(live.shares.keys() - {side.entry for side, _ in split.shares})
    if idle:
        return f"{', '.join(idle)} is left in the route without traffic"
    if live.settings_hash != settings_hash:
        return f"{who_changed(live)} changed the route{what and f': {what}'}"
    return None
