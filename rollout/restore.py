"""Putting traffic back on what served before: used by an abort, by the watchdog and by the next `up`."""

from __future__ import annotations

import threading
from collections.abc import Callable

from release.errors import ClusterError, Conflict
from release.manifest.route import Route
from rollout.journal import Attempt, Serving
from rollout.routers.base import Split
from rollout.shares import returning_split
from rollout.transition import move
from rollout.world import World

POLL = 0.25
API_PATIENCE = 60.0
"""Seconds of failing API calls before a restore gives up; the journal then still says `running`."""
EXTRA = 15.0


def put_back(
    world: World,
    serving: Serving,
    attempt: Attempt | None,
    tell: Callable[[str], None],
    lost: threading.Event | None = None,
) -> None:
    """Bring all traffic back to `serving`, as fast as its replicas are ready; returns once it is accepted.

    Raises ClusterError when it is not whole within the time that the workload has to become ready.
    """
    Restore(world, serving, attempt, tell, lost or threading.Event()).run()


class Restore:
    """One way back. Every pass reads what is, so it may be interrupted and begun again anywhere."""

    def __init__(
        self,
        world: World,
        serving: Serving,
        attempt: Attempt | None,
        tell: Callable[[str], None],
        lost: threading.Event,
    ) -> None:
        self._world = world
        self._old = serving.backend
        self._route: Route = serving.route
        self._attempt = attempt
        self._tell = tell
        self._lost = lost
        self._wanted = 1

    def run(self) -> None:
        """See `put_back`."""
        limit = self._old.ready_within + EXTRA
        began = failing = self._world.now()
        while True:
            try:
                if self._pass():
                    return
                failing = self._world.now()
                problem = "the old backend is not ready"
            except Conflict:
                continue
            except ClusterError as error:
                problem = str(error)
                if self._world.now() - failing > API_PATIENCE:
                    raise
            if self._lost.is_set():
                raise ClusterError("the Lease was lost while the traffic was put back; its new holder goes on")
            if self._world.now() - began > limit:
                raise ClusterError(f"traffic is not whole on {self._old.service} after {limit:g}s: {problem}")
            self._world.pause(POLL)

    def _pass(self) -> bool:
        self._scale_back()
        split = self._split()
        if split is None:
            self._tell("nobody is ready yet")
            return False
        known = [self._old] if self._attempt is None else [self._old, self._attempt.candidate]
        move(self._world, self._route, split, known, self._world.pause)
        return split == Split.whole(self._old)

    def _scale_back(self) -> None:
        if self._attempt is None or self._attempt.old_replicas is None:
            return
        self._wanted = self._attempt.old_replicas
        if self._world.workloads.replicas(self._old) < self._wanted:
            self._world.workloads.scale(self._old, self._wanted)

    def _split(self) -> Split | None:
        candidate = self._attempt.candidate if self._attempt is not None else None
        old_ready = self._world.workloads.readiness(self._old).endpoints_ready
        candidate_ready = 0
        if candidate is not None and old_ready < self._wanted:
            candidate_ready = self._world.workloads.readiness(candidate).endpoints_ready
        return returning_split(self._old, old_ready, self._wanted, candidate, candidate_ready)
