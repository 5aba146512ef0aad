"""A Job's process listens to its followers: for the request to end and, where wanted, for their absence."""

from __future__ import annotations

import threading
from types import TracebackType

from slipway.release.errors import ClusterError
from slipway.release.run_order import RunOrder
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.runs import Runs

EVERY = 1.0
"""Seconds between two looks."""
LOST_AFTER = 60.0
"""Seconds without a sign of life after which a rollout counts as not followed any more."""


class Hearing:
    """Listens in a thread for the length of the block, and sets `cancelled`.

    No clocks of two hosts are compared: a sign of life is any change of it, and only time in which it could be read
    counts."""

    def __init__(self, adapters: Adapters, runs: Runs, order: RunOrder, cancelled: threading.Event) -> None:
        self._adapters = adapters
        self._runs = runs
        self._order = order
        self._cancelled = cancelled
        self._stop = threading.Event()
        self._beat: str | None = None
        self._silent = 0.0
        self._thread = threading.Thread(target=self._run, name="hearing", daemon=True)

    def __enter__(self) -> Hearing:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._cancelled.is_set():
            try:
                if self.told_to_end():
                    self._cancelled.set()
            except ClusterError:
                self._silent = 0.0
            if self._stop.wait(EVERY):
                return

    def told_to_end(self) -> bool:
        """One look, `EVERY` seconds after the last one. Raises ClusterError."""
        intent = self._adapters.intents.read()
        if intent is not None and intent.action == "cancel" and intent.rollout_id == self._order.id:
            return True
        run = self._order.wanted.run
        if run is None or run.on_lost_follower == "continue":
            return False
        beat = self._runs.read_beat(self._order.id)
        self._silent = self._silent + EVERY if beat == self._beat else 0.0
        self._beat = beat
        return self._silent >= LOST_AFTER
