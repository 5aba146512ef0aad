"""Putting back the traffic of one rollout whose process has died: what the watchdog does for each that it guards."""

from __future__ import annotations

import threading

from release.errors import ClusterError, JournalUnreadable, LeaseHeld
from rollout import journal
from rollout.heartbeat import held
from rollout.journal import Outcome
from rollout.restore import put_back
from rollout.world import World

PATIENCE = 300.0
"""Seconds that the watchdog goes on trying when the cluster does not answer."""


def rescue(world: World, rollout_id: str) -> None:
    """Put the traffic back if this rollout is unfinished; try for `PATIENCE` while the cluster is away."""
    began = world.now()
    while world.now() - began < PATIENCE:
        try:
            _rescue_once(world, rollout_id)
        except LeaseHeld:
            return  # Somebody else has taken over, and repairs first.
        except JournalUnreadable:
            return  # A newer Slipway has taken over, or nothing says where the traffic belongs.
        except ClusterError:
            threading.Event().wait(1.0)
        else:
            return


def _rescue_once(world: World, rollout_id: str) -> None:
    # The Lease is the dead provider's: its id is known only to the two of us, so taking it over is safe.
    with held(world.lease, rollout_id, lambda _: None, threading.Event()) as beat:
        stored = world.journal.load()
        if stored is None:
            return
        head = journal.read_head(stored[0])
        if head.attempt is None or head.attempt.id != rollout_id or head.attempt.outcome is not Outcome.RUNNING:
            return
        if head.serving is not None:
            put_back(world, head.serving, head.attempt, lambda _: None, beat.lost)
        ended = journal.interrupted(head, "the provider died", "watchdog", world.now())
        world.journal.save(ended.to_json(), stored[1])


def watch_lease(world: World, rollout_id: str, disarmed: threading.Event) -> None:
    """Runs beside each rollout that is guarded, in a thread of the watchdog: the place where a provider that lives but
    renews no longer (it was stopped) is noticed. It returns when `disarmed` is set. For now the end of the pipe alone
    makes the watchdog act."""
