"""`python -m rollout.watchdog NAMESPACE SERVICE ROLLOUT`: waits for the end of its provider, then puts traffic back.

It answers `ready` once it has reached the cluster, and reads its standard input: `disarm` ends it; the end of the
input without that means that the provider died, in whatever way.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import uuid

from release.errors import ClusterError, LeaseHeld, SlipwayError
from rollout import journal
from rollout.assemble import connect_world
from rollout.heartbeat import held
from rollout.journal import Head, Outcome
from rollout.restore import put_back
from rollout.world import World

PATIENCE = 300.0
"""Seconds that the watchdog goes on trying when the cluster does not answer."""


def main() -> int:
    """Guard one rollout."""
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    namespace, service, rollout_id = sys.argv[1:4]
    try:
        world = connect_world(service, namespace)
        world.journal.load()
    except SlipwayError as error:
        _say(str(error).partition("\n")[0])
        return 1
    _say("ready")
    if sys.stdin.readline().strip() == "disarm":
        return 0
    rescue(world, rollout_id)
    return 0


def rescue(world: World, rollout_id: str) -> None:
    """Put the traffic back if this rollout is unfinished; try for `PATIENCE` while the cluster is away."""
    began = world.now()
    while world.now() - began < PATIENCE:
        try:
            _rescue_once(world, rollout_id)
        except LeaseHeld:
            return  # Somebody else has taken over, and repairs first.
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
        head = Head.model_validate(stored[0])
        if head.attempt is None or head.attempt.id != rollout_id or head.attempt.outcome is not Outcome.RUNNING:
            return
        if head.serving is not None:
            put_back(world, head.serving, head.attempt, lambda _: None, beat.lost)
        ended = journal.interrupted(head, "the provider died", "watchdog", world.now())
        world.journal.save(ended.to_json(), stored[1])


def new_rollout_id() -> str:
    """Short and unique; also the holder of the Lease."""
    return uuid.uuid4().hex[:12]


def _say(line: str) -> None:
    os.write(1, (line + "\n").encode())


if __name__ == "__main__":
    raise SystemExit(main())
