"""Whether the machine has room for one more run at the same time."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from bench.peers.waiting import Patience

STAT = Path("/proc/stat")
BUSY_MOST = 0.70
"""Share of the processors' time in use up to which another run may begin."""
OVER = 4.0
"""Seconds over which that is measured, which is also the time between two beginnings."""


class Admission:
    """Lets runs begin one after the other, each when the machine is idle enough for it."""

    def __init__(self, patience: Patience) -> None:
        self._lock = threading.Lock()
        self._patience = patience

    def wait(self) -> None:
        """Returns when it is this run's turn, or when there is no more time for it."""
        with self._lock:
            while not self._patience.over and busy_share(OVER) > BUSY_MOST:
                pass


def busy_share(seconds: float) -> float:
    """Share of all processors' time in use during the next so many seconds."""
    before = _times(STAT.read_text())
    time.sleep(seconds)
    return busy_between(before, _times(STAT.read_text()))


def busy_between(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Share in use between two readings of (idle, all) clock ticks."""
    everything = after[1] - before[1]
    return 1.0 - (after[0] - before[0]) / everything if everything else 0.0


def _times(stat: str) -> tuple[int, int]:
    """(idle, all) ticks since boot; proc(5): user nice system idle iowait irq softirq steal. What runs at a lower
    priority gives way, so its time counts as idle."""
    fields = [int(field) for field in stat.splitlines()[0].split()[1:9]]
    return fields[1] + fields[3] + fields[4], sum(fields)
