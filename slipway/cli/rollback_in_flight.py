"""A rollback while a rollout is in flight: that is ended first, and its update is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

from slipway.cli.ending import end_rollout
from slipway.cli.engine import Engine
from slipway.release.errors import EngineError, ReleaseRefused
from slipway.release.records.journal import Attempt
from slipway.rollout.adapters import Adapters
from slipway.rollout.inspection import head_of

ABORTED_WITHIN = 120.0
UNLOCKED_WITHIN = 60.0
POLL = 1.0


def attempt_in_flight(adapters: Adapters, service: str) -> Attempt | None:
    """The rollout that began and has not ended; None when there is none."""
    head = head_of(adapters, service)
    return head.attempt if head is not None and head.unfinished else None


def end_in_flight(
    adapters: Adapters,
    service: str,
    engine: Engine,
    reason: str,
    tell: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Abort the rollout in flight, and wait until its update has let go of the stack. Raises SlipwayError when the
    traffic is not back in time, or the update goes on with other services."""
    try:
        ended = end_rollout(adapters, service, reason or "slipway rollback", ABORTED_WITHIN, tell)
        tell(f"{service}: rollout {ended.attempt.id} was {ended.outcome}, its traffic is back")
    except ReleaseRefused:
        if attempt_in_flight(adapters, service) is not None:
            raise
        tell(f"{service}: the rollout ended before it heard of the abort")
    _await_unlocked(service, engine, tell, pause)


def _await_unlocked(service: str, engine: Engine, tell: Callable[[str], None], pause: Callable[[float], None]) -> None:
    for number in range(round(UNLOCKED_WITHIN / POLL) + 1):
        if not engine.locks():
            return
        if number == 0:
            tell(f"{service}: waiting until its update lets go of the stack")
        pause(POLL)
    raise EngineError(
        f"{service}: its traffic is back, but its update goes on with other services and holds the stack; "
        f"`slipway rollback {service}` again when it has ended, or `slipway recover` if it died"
    )
