"""After the commit: the old backend is out of the route; wait until it has nothing in flight, then it may go."""

from __future__ import annotations

from release.errors import ClusterError
from release.rollout_inputs import Backend
from rollout.world import World

POLL = 1.0
"""Seconds; the data plane's counters are scraped about this often."""


def drained(world: World, old: Backend, within: float) -> bool:
    """Whether the data plane has nothing in flight to `old` any more, asked for at most `within` seconds.

    Only a look that the data plane gave after the route was read back counts; one that cannot tell is no yes.
    Waiting longer would not help: the pods drain by themselves, this only spares them the work.
    """
    if world.source is None:
        return False
    deadline = world.now() + within
    before: float | None = None
    while world.now() < deadline:
        try:
            count = world.source.requests((old,)).get(old.revision, 0.0)
            flying = world.source.in_flight(old)
        except ClusterError:
            flying, count = None, -1.0
        if flying == 0 and before is not None and count == before:
            return True
        before = count
        world.pause(POLL)
    return False
