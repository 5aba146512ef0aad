"""The clock that rollouts go by: Unix seconds that are not changed by setting the machine's clock."""

from __future__ import annotations

import time
from collections.abc import Callable


def steady_clock(
    wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
) -> Callable[[], float]:
    """Unix seconds of this moment, and from then on what passes by the monotonic clock.

    A wall clock that is set back would stop all looks at a candidate that has traffic until it has caught up; one that
    is set forward would end a step that has hardly begun, undecided.
    """
    start = wall() - monotonic()
    return lambda: start + monotonic()


now = steady_clock()
"""As of the start of this process."""
