"""Putting back the traffic of one rollout whose process has died, or could not do it: the watchdog's work, and that of
`slipway abort` once no process runs the rollout any more."""

from __future__ import annotations

import threading
from collections.abc import Callable

from slipway.release.errors import ClusterError, LeaseHeld, LeaseLost
from slipway.release.records import journal
from slipway.release.records.journal import Head, Outcome
from slipway.rollout.adapters import Adapters
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.platforms.base import Role
from slipway.rollout.process.fence import boot_clock
from slipway.rollout.record import leaving_with, load, save_head
from slipway.rollout.routers.base import LiveRoute, Split
from slipway.rollout.safety.heartbeat import LEASE_SECONDS, RENEW_EVERY, hold_lease
from slipway.rollout.safety.rescue_exposure import turn_back_once
from slipway.rollout.traffic.floors import leave_or_write_back
from slipway.rollout.traffic.restore import put_back
from slipway.rollout.traffic.transition import take_out

PATIENCE = 300.0
"""Seconds that the watchdog goes on trying when the cluster does not answer or no replica is ready."""
WATCH_EVERY = 5.0
"""Seconds between two looks at the Lease of a rollout that is guarded."""
FREE_FOR = 3.0
"""Seconds between two tries in which the Lease is free, so that an `up` or an operator can take over."""


AnyAdapters = Adapters | ExposureAdapters
"""Where a rollout of traffic happens, or of a flag."""


def rescue(adapters: AnyAdapters, rollout_id: str) -> None:
    """Put the traffic back, or the exposure, if this rollout is unfinished; try for `PATIENCE` while that cannot be
    done."""
    began = adapters.now()
    while adapters.now() - began < PATIENCE:
        try:
            # The Lease is the dead provider's. Only it and this watchdog know its id, so taking it over is safe.
            _act(adapters, rollout_id, rollout_id, "the provider died")
        except (LeaseHeld, LeaseLost):
            return  # Another has taken over, and repairs first.
        except ClusterError:
            threading.Event().wait(FREE_FOR)
        else:
            return


def rescue_once(
    adapters: Adapters,
    rollout_id: str,
    holder: str,
    reason: str,
    by: Role,
    tell: Callable[[str], None] = lambda _: None,
) -> Head | None:
    """One try, under the Lease as `holder` in the role `by`. Returns the journal's head afterwards, None when this
    rollout is not unfinished.

    Raises LeaseHeld, LeaseLost, or ClusterError when the traffic could not be put back.
    """
    with hold_lease(adapters, holder, tell, threading.Event(), by):
        stored = load(adapters)
        if stored is None:
            return None
        head = stored.head
        if head.attempt is None or head.attempt.id != rollout_id or head.attempt.outcome is not Outcome.RUNNING:
            return None
        live = adapters.router.claim()
        candidate, leaving = head.attempt.candidate, head.leaving
        if head.serving is not None:
            old = head.serving.backend
            shared = live is not None and max(_given(live, candidate.entry)) > 0
            leaving = leaving_with(leaving, candidate if shared or head.attempt.steps else None, old)
            put_back(adapters, head.serving, head.attempt, tell, head.leaving)
            if not leaving:  # it never had traffic; otherwise the next `up` sees it without requests first
                take_out(adapters, head.serving.route, Split.whole(old), [old, candidate], adapters.pause)
        ended = journal.interrupted(head, reason, by, adapters.now())
        save_head(adapters, stored, ended.model_copy(update={"leaving": leaving}))
        leave_or_write_back(adapters, stored, tell, tell)
        return stored.head


def _given(live: LiveRoute, entry: str) -> tuple[float, float]:
    """Percent of the traffic that a backend has, and of which it gets copies."""
    return live.shares.get(entry, 0.0), live.mirrored.get(entry, 0.0)


def watch_lease(
    adapters: AnyAdapters, rollout_id: str, disarmed: threading.Event, clock: Callable[[], float] = boot_clock
) -> None:
    """Run beside each rollout that is guarded, in a thread of the watchdog, until `disarmed` is set: a provider that
    lives but was stopped does not renew its Lease any more, and then its traffic is put back.

    Only time in which the Lease could be read counts, so that an API server which is away, or a watchdog that was
    stopped too, ends no rollout whose provider is well.
    """
    seen: tuple[str, float] | None = None
    since = last = clock()
    while not disarmed.wait(WATCH_EVERY):
        try:
            state = adapters.lease.read()
        except ClusterError:
            seen = None
            continue
        found, now = (state.holder, state.renewed) if state is not None else None, clock()
        if found is None or found != seen or now - last > 2 * WATCH_EVERY:
            seen, since = found, now
        last = now
        if found is not None and found[0] == rollout_id and now - since > LEASE_SECONDS + RENEW_EVERY:
            if _take_over(adapters, rollout_id):
                return
            since = now


def _act(adapters: AnyAdapters, rollout_id: str, holder: str, reason: str) -> None:
    if isinstance(adapters, ExposureAdapters):
        turn_back_once(adapters, rollout_id, holder, reason, "watchdog")
    else:
        rescue_once(adapters, rollout_id, holder, reason, "watchdog")


def _take_over(adapters: AnyAdapters, rollout_id: str) -> bool:
    """Under a holder of its own, so that the provider, should it wake up, finds its Lease lost."""
    try:
        _act(adapters, rollout_id, f"{rollout_id}-w", "the provider was stopped")
    except (LeaseHeld, LeaseLost):
        return True
    except ClusterError:
        return False
    return True
