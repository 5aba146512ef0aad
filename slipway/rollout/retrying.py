"""Doing one thing again until the cluster answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from slipway.release.errors import ClusterAway, ClusterError, LeaseStale
from slipway.rollout.adapters import Timed

PAUSE = 1.0


T = TypeVar("T")


def retry_until(adapters: Timed, do: Callable[[], T], within: float) -> T:
    """Call `do`, which may be repeated, until it raises no ClusterError, and return what it returns. Raises the last
    ClusterError after `within` seconds."""
    return _again(adapters, do, within, ClusterError)


def retry_while_away(
    adapters: Timed,
    do: Callable[[], T],
    within: float,
    tell: Callable[[str], None] = lambda _: None,
    cancelled: threading.Event | None = None,
) -> T:
    """The same for an API server that does not answer, and for nothing else: what it refuses is raised at once."""
    return _again(adapters, do, within, (ClusterAway, LeaseStale), tell, cancelled)


def _again(
    adapters: Timed,
    do: Callable[[], T],
    within: float,
    errors: type[ClusterError] | tuple[type[ClusterError], ...],
    tell: Callable[[str], None] = lambda _: None,
    cancelled: threading.Event | None = None,
) -> T:
    deadline = adapters.now() + within
    while True:
        try:
            return do()
        except errors as error:
            if adapters.now() > deadline or (cancelled is not None and cancelled.is_set()):
                raise
            tell(f"waiting for the cluster: {error}")
            adapters.pause(PAUSE)
