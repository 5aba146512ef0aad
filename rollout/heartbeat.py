"""Keeps the Lease of a rollout alive, and says at once when it is lost: then nothing may be written any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from release.errors import ClusterError, LeaseHeld
from rollout.cluster.base import Lease

LEASE_SECONDS = 15.0
RENEW_EVERY = 2.0


class Heartbeat:
    """Renews in a thread. `lost` is set when somebody else holds the Lease or it could not be renewed in time."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._stop = threading.Event()
        self.lost = threading.Event()
        self._renewed = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to renew; the Lease must have been acquired."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, then release what is still held."""
        self._stop.set()
        self._thread.join()
        if not self.lost.is_set():
            self._lease.release()

    def _run(self) -> None:
        while not self._stop.wait(RENEW_EVERY):
            try:
                self._lease.renew()
                self._renewed = time.monotonic()
            except LeaseHeld:
                self.lost.set()
                return
            except ClusterError:
                # The margin lets a write that is already under way end before another holder may begin.
                if time.monotonic() - self._renewed > LEASE_SECONDS - 2 * RENEW_EVERY:
                    self.lost.set()
                    return


@contextmanager
def held(lease: Lease, holder: str, tell: Callable[[str], None], cancelled: threading.Event) -> Iterator[Heartbeat]:
    """Hold the Lease for the block.

    A holder that no longer renews (its process was killed) is waited for until its time is over; one that
    does renew makes this raise LeaseHeld.
    """
    _acquire(lease, holder, tell, cancelled)
    beat = Heartbeat(lease)
    beat.start()
    try:
        yield beat
    finally:
        beat.stop()


def _acquire(lease: Lease, holder: str, tell: Callable[[str], None], cancelled: threading.Event) -> None:
    seen: float | None = None
    deadline = time.monotonic() + LEASE_SECONDS + 3
    while True:
        try:
            lease.acquire(holder, LEASE_SECONDS)
        except LeaseHeld:
            state = lease.held_by()
            renewed = state.renewed if state is not None else None
            alive = seen is not None and renewed is not None and renewed != seen
            if alive or time.monotonic() > deadline or cancelled.is_set():
                raise
            seen = renewed
            tell("waiting for the Lease of a rollout that does not answer any more")
            cancelled.wait(RENEW_EVERY * 1.5)
        else:
            return
