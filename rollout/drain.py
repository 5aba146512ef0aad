"""After the commit: the old backend is out of the route; wait until it has nothing in flight, then it may go."""

from __future__ import annotations

from release.errors import ClusterError
from release.rollout_inputs import Backend, RolloutInputs
from rollout.world import World

POLL = 0.5
"""Seconds; the data plane's counters are scraped about every one."""


def drained(world: World, wanted: RolloutInputs, old: Backend, within: float) -> bool:
    """Whether the data plane has nothing in flight to `old` any more, asked for at most `within` seconds.

    Only what the data plane said after the route was read back counts; a source that cannot tell is no yes. The
    pods drain by themselves all the same: this spares them the work, it is not what keeps requests whole.
    """
    if world.source is None:
        return False
    deadline = world.now() + within
    mark: float | None = None
    while world.now() < deadline:
        try:
            if mark is None:
                mark = world.source.snapshot(wanted.guardrails, wanted.candidate, old).at
            if world.source.in_flight(old, mark) == 0:
                return True
        except ClusterError:
            pass
        world.pause(POLL)
    return False
