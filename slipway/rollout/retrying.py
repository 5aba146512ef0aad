"""Doing one thing again until the cluster answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from slipway.release.errors import ClusterError
from slipway.rollout.adapters import World

PAUSE = 1.0


T = TypeVar("T")


def retry_until(world: World, do: Callable[[], T], within: float) -> T:
    """Call `do`, which may be repeated, until it raises no ClusterError, and return what it returns. Raises the last
    ClusterError after `within` seconds."""
    deadline = world.now() + within
    while True:
        try:
            return do()
        except ClusterError:
            if world.now() > deadline:
                raise
            world.pause(PAUSE)
