"""What a failed call to a platform means, and how long one request is tried: the same for every platform."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from slipway.release.errors import ClusterAway, ClusterError
from slipway.rollout.process.fence import boot_clock

PAUSES = (0.1, 0.3, 0.9)
"""Seconds before the second, third and fourth try, shortened at random by up to a half."""


class Kind(Enum):
    """What a failed call means for the object that it is about."""

    FINAL = auto()
    """Refused, and it will be again."""
    ABSENT = auto()
    CONFLICT = auto()
    NOT_DONE = auto()
    """The call did not reach the server, or was turned away; it may be sent again."""
    UNKNOWN = auto()
    """No answer, or none that tells: it may have been done, and may be sent again if twice does no harm."""
    GARBLED = auto()
    """An answer that does not come from an API server: a write may have been done; asking again does not help."""


DOUBTFUL = (Kind.UNKNOWN, Kind.GARBLED)
"""After these it is unknown whether a write was done."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`wait` is what the server asked for, in seconds, None when it asked for nothing."""

    kind: Kind
    error: ClusterError
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request is tried: no try begins later than `within` seconds after the first."""

    within: float = 4.0
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = boot_clock


class Tries:
    """The tries of one request."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._until = patience.clock() + patience.within
        self._pauses = list(PAUSES)

    def another(self, failed: Failure) -> bool:
        """Pause before the next try; False when there is none."""
        if failed.kind in (Kind.FINAL, Kind.ABSENT) or not self._pauses:
            return False
        pause = max(self._pauses.pop(0) * random.uniform(0.5, 1.0), failed.wait or 0.0)  # noqa: S311 - spreads load
        if self._patience.clock() + pause > self._until:
            return False
        self._patience.pause(pause)
        return True


def unseen(error: ClusterError) -> ClusterError:
    """The failure of a write that may have been done: it cannot be seen."""
    kind = ClusterAway if isinstance(error, ClusterAway) else ClusterError
    return kind(f"{error}; whether it was done cannot be seen")
