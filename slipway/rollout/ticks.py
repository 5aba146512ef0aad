"""Ticks on their way into the journal: none is lost while it does not answer, and none is written twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from slipway.release.errors import ClusterError, Conflict
from slipway.rollout.measurement.thinning import thin
from slipway.rollout.platforms.base import JournalStore

HELD = 10
"""Ticks that are written at once."""


class TickLog:
    """The ticks of one rollout. `patience` is for how many seconds a journal that cannot be written stops nothing;
    `now` is Unix seconds."""

    def __init__(self, journal: JournalStore, rollout_id: str, patience: float, now: Callable[[], float]) -> None:
        self._journal = journal
        self._rollout = rollout_id
        self._patience = patience
        self._now = now
        self._waiting: list[dict[str, Any]] = []
        self._failing_since: float | None = None

    def add(self, record: dict[str, Any]) -> None:
        """One more tick. A journal that fails for longer than the patience raises its ClusterError, because what
        decides must be on record; until then the decision itself must not wait for it. Raises Conflict at once."""
        self._waiting.append(record)
        if len(self._waiting) < HELD:
            return
        try:
            self.flush()
        except Conflict:
            raise
        except ClusterError:
            if self._failing_since is not None and self._now() - self._failing_since > self._patience:
                raise
            return
        with suppress(ClusterError):  # Nothing is lost by it, and the next time goes on.
            self._journal.condense(self._rollout, thin)

    def flush(self) -> None:
        """Write what is waiting. Raises ClusterError; then it goes on waiting."""
        if not self._waiting:
            return
        try:
            if self._failing_since is not None:
                self._drop_what_was_written()
            if self._waiting:
                self._journal.append(self._rollout, self._waiting)
        except ClusterError:
            if self._failing_since is None:
                self._failing_since = self._now()
            raise
        self._waiting, self._failing_since = [], None

    def _drop_what_was_written(self) -> None:
        """A write whose answer was lost may have happened; ticks are written in the order of their times."""
        last = self._journal.latest(self._rollout)
        if last is not None:
            self._waiting = [record for record in self._waiting if record["at"] > last["at"]]
