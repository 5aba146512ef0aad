"""The watch of a release after it took all the traffic, as the journal's head holds it. Pure.

It is opened by the commit itself, so that no second is lost until a process watches. Each of its changes is a whole new
head, written by compare-and-swap: a process that dies between two of them leaves what the next one goes on from.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.plan import Kind
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.release.units import Percent, show_seconds


class WatchPhase(StrEnum):
    """`open` and `breached` are unfinished: of a breach the traffic still has to go back."""

    OPEN = "open"
    BREACHED = "breached"
    ROLLED_BACK = "rolled-back"
    """A breach; all traffic is on the standby, and the revision is quarantined."""
    ESCALATED = "escalated"
    """A breach without a way back: the owner was told, and the traffic stays as it is."""
    PASSED = "passed"
    """It lasted without a breach, with data throughout."""
    UNSEEN = "unseen"
    """It lasted without a breach, but data were missing: nothing is claimed."""
    SUPERSEDED = "superseded"
    """Another release took the traffic."""


UNFINISHED = frozenset({WatchPhase.OPEN, WatchPhase.BREACHED})
HOLDING = frozenset({*UNFINISHED, WatchPhase.ESCALATED})
"""While the hold-back stays where it is."""


class WatchEntry(FrozenModel):
    """One watch. Times are Unix seconds."""

    id: str
    """A DNS label; what its ticks and its escalation are known by."""
    rollout: str = ""
    """Whose commit opened it."""
    phase: WatchPhase = WatchPhase.OPEN
    backend: Backend
    """What is watched."""
    manifest: str
    opened: float
    """The commit."""
    seconds: float
    """How long it is watched."""
    standby: Backend | None = None
    """What is kept warm: the hold-back is on it, and the traffic goes back to it."""
    only_escalates: str = ""
    """Why a breach moves no traffic; empty where it does."""
    holdback: Percent = 0.0
    """Percent of the traffic that stays on the standby."""
    kill: tuple[str, ...] = ()
    """Flags that a breach kills."""
    reason: str = ""
    """Why it ended, or what was breached."""
    statistic: str = ""
    breached: float | None = None
    ended: float | None = None

    @property
    def unfinished(self) -> bool:
        """Whether it is open, or a breach was not yet acted on."""
        return self.phase in UNFINISHED

    @property
    def until(self) -> float:
        """When it ends without a breach."""
        return self.opened + self.seconds

    @property
    def over(self) -> float:
        """When it is over: its declared end, or the time at which it ended before."""
        return self.until if self.ended is None else min(self.until, self.ended)

    def shares(self) -> Mapping[str, Percent]:
        """Percent of the traffic for each entry of the router while nothing else moves it."""
        if self.standby is None or self.holdback <= 0 or self.phase not in HOLDING:
            return {self.backend.entry: 100.0}
        return {self.backend.entry: 100.0 - self.holdback, self.standby.entry: self.holdback}

    def ended_as(self, phase: WatchPhase, reason: str, now: float) -> WatchEntry:
        """The end of it."""
        return self.model_copy(update={"phase": phase, "reason": reason or self.reason, "ended": now})


def watch_of(wanted: RolloutInputs, attempt: str, kind: Kind, now: float) -> WatchEntry | None:
    """The watch that a commit opens; None where none is declared, and after a return to a release that is known."""
    plan, standby = wanted.watch, wanted.standby
    if plan is None or kind == "rollback":
        return None
    return WatchEntry(
        id=f"{attempt[:50]}-watch",
        rollout=attempt,
        backend=wanted.candidate,
        manifest=wanted.manifest,
        opened=now,
        seconds=plan.lasts,
        standby=standby,
        only_escalates=plan.why_it_only_escalates(standby is not None),
        holdback=100.0 - plan.weight if standby is not None else 0.0,
        kill=plan.on_breach.kill,
    )


def describe_entry(watch: WatchEntry) -> str:
    """What an open watch does, in one line."""
    held = f", {watch.holdback:.4g}% stays on {watch.standby.version}" if watch.standby and watch.holdback else ""
    back = f"escalates only: {watch.only_escalates}" if watch.only_escalates else "puts the traffic back"
    return f"watched after 100% for {show_seconds(watch.seconds)}{held}; a breach {back}"
