"""Putting traffic back on what served before: used by an abort, the watchdog, `slipway abort` and the next `up`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slipway.release.errors import ClusterError
from slipway.release.manifest.route import Route
from slipway.release.records.journal import Attempt, Serving
from slipway.release.rollout_inputs import Backend
from slipway.rollout.adapters import Adapters
from slipway.rollout.routers.base import LiveRoute, Split
from slipway.rollout.traffic.shares import returning_split
from slipway.rollout.traffic.transition import move

POLL = 0.25
API_PATIENCE = 300.0
"""Seconds of failing API calls before a restore gives up; the journal then still says `running`."""
EXTRA = 15.0


def put_back(
    adapters: Adapters,
    serving: Serving,
    attempt: Attempt | None,
    tell: Callable[[str], None],
    known: Sequence[Backend] = (),
) -> LiveRoute:
    """Bring all traffic back to `serving`, as fast as its replicas are ready; returns once the gateway accepted it.

    The attempt's candidate and the `known` backends stay in the route at 0% until they are seen without requests.
    Replicas that are missing are scaled up. Raises LeaseLost when another may write now, and ClusterError when the
    traffic is not whole within the time that the workload has to become ready, or the API server stays away.
    """
    return Restore(adapters, serving, attempt, tell, known).run()


class Restore:
    """One way back. Every pass reads what is, so it may be interrupted and begun again anywhere."""

    def __init__(
        self,
        adapters: Adapters,
        serving: Serving,
        attempt: Attempt | None,
        tell: Callable[[str], None],
        known: Sequence[Backend],
    ) -> None:
        self._adapters = adapters
        self._old = serving.backend
        self._route: Route = serving.route
        self._attempt = attempt
        self._tell = tell
        candidate = () if attempt is None else (attempt.candidate,)
        self._known = (self._old, *candidate, *known)
        self._enough = max(1, attempt.old_replicas) if attempt is not None and attempt.old_replicas else 1
        """Ready replicas that take all the traffic back: after a rolling rollout as many as served before, else one,
        since what is left meanwhile is on the candidate."""
        self._problem = ""

    def run(self) -> LiveRoute:
        """See `put_back`."""
        limit = self._old.ready_within + EXTRA
        waited, before = 0.0, self._adapters.now()
        reached = before
        while True:
            try:
                live = self._pass()
            except ClusterError as error:  # a Conflict too: the next pass reads what is there
                self._problem, asked = str(error), False
            else:
                if live is not None:
                    return live
                asked = True
            now = self._adapters.now()
            if asked:  # the time for becoming ready stands still while nothing can be asked
                waited, reached = waited + now - before, now
            before = now
            if now - reached > API_PATIENCE or waited > limit:
                raise ClusterError(f"traffic is not whole on {self._old.entry} after {limit:g}s: {self._problem}")
            self._adapters.pause(POLL)

    def _pass(self) -> LiveRoute | None:
        self._adapters.fence.check()
        split = self._split()
        if split is None:
            self._tell(self._problem)
            return None
        live = move(self._adapters, self._route, split, self._known, self._adapters.pause)
        if split == Split.whole(self._old):
            return live
        self._tell(self._problem)
        return None

    def _split(self) -> Split | None:
        old = self._adapters.workloads.readiness(self._old)
        wanted = max(self._enough, self._old.replicas)
        if 0 <= old.desired < wanted and old.image is not None:
            self._adapters.workloads.scale(self._old, wanted)
        candidate = self._attempt.candidate if self._attempt is not None else None
        candidate_ready = 0
        if candidate is not None and old.endpoints_ready < self._enough:
            candidate_ready = self._adapters.workloads.readiness(candidate).endpoints_ready
        split = returning_split(self._old, old.endpoints_ready, self._enough, candidate, candidate_ready)
        if split != Split.whole(self._old):
            self._problem = self._waiting(old.endpoints_ready, wanted, old.problem, split)
        return split

    def _waiting(self, ready: int, wanted: int, why: str | None, split: Split | None) -> str:
        where = "no backend is ready"
        if split is not None:
            where = "meanwhile " + ", ".join(f"{share:.4g}% is on {side.version}" for side, share in split.shares)
        hint = f" ({why})" if why else ""
        return f"waiting for {self._old.workload}: {ready} of {wanted} replicas ready{hint}; {where}"
