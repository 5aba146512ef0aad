"""Holds the Lease of a rollout: takes it, renews it in a thread, and keeps the fence open meanwhile."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from slipway.release.errors import ClusterError, LeaseHeld
from slipway.rollout.adapters import Fenced
from slipway.rollout.platforms.base import Lease, Role
from slipway.rollout.process.fence import Fence
from slipway.rollout.retrying import retry_while_away

LEASE_SECONDS = 15.0
RENEW_EVERY = 3.0


class Heartbeat:
    """Renews in a thread. An API server that does not answer only lets the fence run out by time; a later renewal
    opens it again, unless the Lease has another holder by then."""

    def __init__(self, lease: Lease, fence: Fence) -> None:
        self._lease = lease
        self._fence = fence
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to renew; the Lease must have been acquired."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, then release what is still held. Nothing may be written any more."""
        self._stop.set()
        self._thread.join()
        if self._fence.lost is None:
            # Another gets it when its time is over, should this fail.
            with contextlib.suppress(ClusterError):
                self._lease.release()
        self._fence.lose("the Lease was given back")

    def _run(self) -> None:
        while not self._stop.wait(RENEW_EVERY):
            begun = self._fence.now()
            try:
                self._lease.renew()
            except LeaseHeld as error:
                self._fence.lose(str(error))
                return
            except Exception as error:  # whatever it was, the Lease was not renewed
                self._fence.note_failure(str(error))
                continue
            self._fence.note_renewal(begun, LEASE_SECONDS)


@contextmanager
def hold_lease(
    adapters: Fenced,
    holder: str,
    tell: Callable[[str], None],
    cancelled: threading.Event,
    role: Role = "rollout",
    patience: float = 0.0,
) -> Iterator[None]:
    """Hold the Lease for the block; its fence is open in it. `role` is for those who ask,
    `patience` the seconds for which an API server that is away is waited for.

    A holder that no longer renews (its process was killed or stopped) is waited for until its time is over; one that
    does renew makes this raise LeaseHeld.
    """
    acquire = partial(_acquire, adapters, holder, tell, cancelled, role)
    retry_while_away(adapters, acquire, patience, tell, cancelled)
    beat = Heartbeat(adapters.lease, adapters.fence)
    beat.start()
    try:
        yield
    finally:
        beat.stop()


def _acquire(
    adapters: Fenced, holder: str, tell: Callable[[str], None], cancelled: threading.Event, role: Role
) -> None:
    seen: float | None = None
    deadline = time.monotonic() + LEASE_SECONDS + 3
    while True:
        begun = adapters.fence.now()
        try:
            adapters.lease.acquire(holder, LEASE_SECONDS, role)
        except LeaseHeld:
            state = adapters.lease.read()
            renewed = state.renewed if state is not None else None
            alive = seen is not None and renewed is not None and renewed != seen
            if alive or time.monotonic() > deadline or cancelled.is_set():
                raise
            seen = renewed
            tell("waiting for the Lease of a rollout that does not answer any more")
            cancelled.wait(RENEW_EVERY * 1.5)
        else:
            adapters.fence.arm(holder)
            adapters.fence.note_renewal(begun, LEASE_SECONDS)
            return
