"""Ending the rollout in flight from outside: by its own process while that lives, else by this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slipway.cli.intent import await_obeyed, in_flight, write
from slipway.release.errors import ClusterError, LeaseHeld
from slipway.release.records.journal import Attempt, Head
from slipway.rollout.adapters import Adapters
from slipway.rollout.inspection import head_of
from slipway.rollout.platforms.base import Intent
from slipway.rollout.process.operator import operator
from slipway.rollout.safety.holder import Holding, watch_lease
from slipway.rollout.safety.rescue import rescue_once
from slipway.rollout.safety.watchdog import new_rollout_id


@dataclass(frozen=True, slots=True)
class Ended:
    """`intent` is None when this process put the traffic back; `outcome` is None when its end was not awaited."""

    attempt: Attempt
    intent: Intent | None
    outcome: str | None


def end_rollout(
    adapters: Adapters,
    service: str,
    reason: str,
    timeout: float,
    tell: Callable[[str], None],
    *,
    wait: bool = True,
) -> Ended:
    """Tell the rollout in flight to abort and wait until its traffic is back; where no process runs it any more,
    put the traffic back here, by what the journal says. Raises ReleaseRefused when no rollout is in flight, and
    ClusterError when the traffic is not back in time."""
    attempt = in_flight(head_of(adapters, service), service)
    intent = write(adapters, "abort", reason, attempt)  # at once, in case a process still runs it
    holding = watch_lease(
        adapters.lease, patient=True
    )  # one that was renewed just before its holder died is no sign of life
    if holding.alive:
        return Ended(attempt, intent, await_obeyed(adapters, service, intent, timeout) if wait else None)
    head = _put_back(adapters, service, attempt, holding, reason, tell)
    return Ended(attempt, None, _outcome(head))


def _put_back(
    adapters: Adapters, service: str, attempt: Attempt, holding: Holding, reason: str, tell: Callable[[str], None]
) -> Head | None:
    tell(f"{service}: no process runs rollout {attempt.id} any more (its Lease is {holding}); the traffic goes back")
    why = f"aborted by {operator()}" + (f": {reason}" if reason else "")
    try:
        return rescue_once(adapters, attempt.id, new_rollout_id(), why, "abort", tell) or head_of(adapters, service)
    except LeaseHeld as error:
        raise ClusterError(f"{service}: {error}; run the command again to see what became of it") from None


def _outcome(head: Head | None) -> str | None:
    return head.attempt.outcome.value if head is not None and head.attempt is not None else None


def serving_line(head: Head | None) -> str:
    """Where the traffic is, in words."""
    if head is None or head.serving is None:
        return "nothing serves"
    backend = head.serving.backend
    return f"all traffic is on {backend.label}"
