"""Doing one thing again until the cluster answers."""

from __future__ import annotations

from collections.abc import Callable

from release.errors import ClusterError
from rollout.world import World

PAUSE = 1.0


def retry_until(world: World, do: Callable[[], object], within: float) -> None:
    """Call `do`, which may be repeated, until it raises no ClusterError; raises the last one after `within` seconds."""
    deadline = world.now() + within
    while True:
        try:
            do()
        except ClusterError:
            if world.now() > deadline:
                raise
            world.pause(PAUSE)
        else:
            return
