"""The route of one rollout: the candidate joins it at 0%, then each step's weight is written."""

from __future__ import annotations

import threading

from slipway.release.errors import ClusterError, Conflict
from slipway.release.manifest.plan import Mirrored, PlannedStep
from slipway.release.records.journal import Attempt, Serving
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.release.units import Percent
from slipway.rollout.adapters import Adapters
from slipway.rollout.record import Stored
from slipway.rollout.routers.base import Split
from slipway.rollout.traffic.affinity import draw_for
from slipway.rollout.traffic.joined import PROMPT, Joined
from slipway.rollout.traffic.route_watch import RouteWatch
from slipway.rollout.traffic.smoke_step import open_preview
from slipway.rollout.traffic.transition import move


class Ramp:
    """Writes the weights of one attempt and knows what was written. Every write may be done again after a failure: it
    goes on where the last one ended."""

    def __init__(
        self,
        adapters: Adapters,
        wanted: RolloutInputs,
        attempt: Attempt,
        stored: Stored,
        steps: tuple[PlannedStep, ...],
        cancelled: threading.Event,
    ) -> None:
        self._adapters = adapters
        self._wanted = wanted
        self._hurry = attempt.kind == "rollback"
        self._draw = draw_for(wanted, attempt, steps)
        self._cancelled = cancelled
        self.serving: Serving | None = stored.head.serving
        self.old: Backend | None = self.serving.backend if self.serving is not None else None
        taken = {wanted.candidate.entry, self.old.entry if self.old is not None else ""}
        self.idle = tuple(one for one in stored.head.leaving if one.entry not in taken)
        """Backends that an earlier rollout left in the route without traffic and that were not yet seen idle."""
        self.weight: Percent = 0.0
        """The candidate's weight that was written last."""
        self.mirror: Mirrored | None = None
        """The copies that are measured: those of the last step, until another one is written."""
        self.copying = False
        """Whether the route has them made."""
        self.shifted = -1
        """Index of the step whose weight was written last."""
        self.watch = RouteWatch(adapters.router, adapters.fence)
        self._joined: Joined | None = None
        self._joining: float | None = None
        """When the join began."""

    def known(self) -> list[Backend]:
        """Every backend that may stand in the route."""
        sides = [self._wanted.candidate] if self.old is None else [self.old, self._wanted.candidate]
        return [*sides, *self.idle]

    def split(self, weight: Percent, mirror: Mirrored | None = None, *, preview: bool = False) -> Split:
        """Both sides stay in the route until after the commit, so that the way back is a change of weights only."""
        candidate = self._wanted.candidate
        strategy = self._wanted.strategy
        shown = strategy.preview if strategy.kind == "blue-green" and preview else None
        extra = (candidate, shown) if shown is not None else None
        if self.old is None:
            return Split.whole(candidate)
        idle = tuple((one, 0.0) for one in self.idle)
        copied = (candidate, mirror) if mirror is not None else None
        return Split(((self.old, 100.0 - weight), (candidate, weight), *idle), extra, self._draw, copied)

    def open_preview(self) -> None:
        """Make the candidate reachable by the preview route at 0%. Raises ClusterError."""
        split = self.split(0.0, preview=True)
        self.watch.writing(split)
        self.watch.wrote(open_preview(self._adapters, self._wanted, split, self._cancelled))

    def join(self, step: PlannedStep) -> None:
        """Before the first weight or copy of `step` is written: the candidate stands in the route at 0%, without copies
        of an earlier step, and every proxy knows it. Raises ClusterError until that is so."""
        if self.old is None or self.weight > 0 or self.watch.holds(self.split(step.weight, step.mirror)):
            return
        adapters = self._adapters
        began = self._joining = self._joining if self._joining is not None else adapters.now()
        self.watch.writing(self.split(0.0))
        self.watch.wrote(move(adapters, self._wanted.route, self.split(0.0), self.known(), self._wait))
        self.copying = False
        if self._joined is None:
            hurry = adapters.now() - began < PROMPT and self._hurry
            grace = self._wanted.analysis.error_grace
            self._joined = Joined(adapters, self._wanted.candidate, self.old, grace, hurry=hurry)
        self._joined.wait(self._cancelled)

    def write(self, index: int, step: PlannedStep) -> None:
        """Write the weight, or the copies, of the step `index`. Raises Conflict when another wrote the route
        meanwhile."""
        split = self.split(step.weight, step.mirror)
        if not self.watch.holds(split):  # an earlier try may have been done without an answer
            problem = self.watch.foreign()
            if problem is not None:
                raise Conflict(problem)
            live = self.watch.live
            self.watch.writing(split)
            expect = live.version if live is not None else None
            self.watch.wrote(self._adapters.router.apply(self._wanted.route, split, expect))
        self.weight, self.mirror, self.shifted = step.weight, step.mirror, index
        self.copying = step.mirror is not None

    def assume_tried(self) -> None:
        """Take a weight whose write was not answered as written: it may be in force."""
        if self.watch.tried is not None:
            self.weight = max([self.weight, *(share for side, share in self.watch.tried.shares if side != self.old)])

    def _wait(self, seconds: float) -> None:
        """Raises ClusterError at once when the rollout is interrupted, which ends what waits."""
        if self._cancelled.wait(seconds):
            raise ClusterError("interrupted")
