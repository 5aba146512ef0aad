"""What the loops of a rollout and of an exposure have in common: one decision at a time, and patience with a cluster
that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable

from slipway.release.errors import ClusterError, SlipwayError
from slipway.release.units import show_seconds
from slipway.rollout.controller import (
    Abort,
    Action,
    Cause,
    Commit,
    ControllerSettings,
    ControllerState,
    Observation,
    next_action,
    resumed,
)

PAUSE = 1.0
"""Seconds between two tries while the cluster does not answer."""


class Decisions:
    """The controller's state through one attempt. `now` is a monotonic clock in seconds."""

    def __init__(self, settings: ControllerSettings, now: Callable[[], float], cancelled: threading.Event) -> None:
        self._settings = settings
        self._now = now
        self._cancelled = cancelled
        self.state = ControllerState(began=now())
        self._unanswered: float | None = None
        """Since when the cluster could not be used; None while it can."""

    def take(self, seen: Observation, perform: Callable[[Action], None]) -> Commit | Abort | None:
        """Decide by what was seen and perform it. An action that fails did not happen: the next call decides again from
        the same state. Returns what ends the attempt."""
        before = self.state
        self.state, action = next_action(self._settings, before, seen)
        try:
            perform(action)
        except SlipwayError:
            self.state = before
            raise
        self._unanswered = None
        return action if isinstance(action, Commit | Abort) else None

    def pass_over(self, seconds: float) -> None:
        """Do not count a time in which nothing could be seen as time of the phase."""
        self.state = resumed(self.state, seconds)

    def tolerate(self, error: ClusterError, show: Callable[[str], None]) -> Abort | None:
        """A cluster that does not answer for a moment stops nothing; one that stays away ends the attempt."""
        now = self._now()
        since = self._unanswered = self._unanswered if self._unanswered is not None else now
        if self._cancelled.is_set():
            return Abort(Cause.INTERRUPTED, "interrupted")
        if now - since > self._settings.error_grace:
            away = show_seconds(float(round(now - since)))
            return Abort(Cause.ENVIRONMENT, f"the cluster could not be used for {away}: {error}")
        show(f"waiting for the cluster: {error}")
        self._cancelled.wait(PAUSE)
        return None
