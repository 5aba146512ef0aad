"""Turning back one exposure whose process has died, or could not do it: the watchdog's work."""

from __future__ import annotations

import threading

from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.record import load
from slipway.rollout.exposure.turning_back import turn_back
from slipway.rollout.platforms.base import Role
from slipway.rollout.safety.heartbeat import hold_lease


def turn_back_once(adapters: ExposureAdapters, rollout_id: str, holder: str, reason: str, by: Role) -> None:
    """One try, under the Lease as `holder` in the role `by`; nothing where this rollout is not unfinished. Raises
    LeaseHeld, LeaseLost, or ClusterError when it could not be turned back."""
    with hold_lease(adapters, holder, lambda _: None, threading.Event(), by):
        stored = load(adapters)
        if stored.head.last is not None and stored.head.last.id == rollout_id:
            turn_back(adapters, stored, reason, by)
