"""`python -m rollout.watchdog NAMESPACE SERVICE ROLLOUT`: waits for the end of its provider, then puts traffic back.

It answers `ready` once it has reached the cluster, and reads its standard input: `disarm` ends it; the end of the
input without that means that the provider died, in whatever way.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid

from release.errors import SlipwayError
from rollout.assemble import connect_world
from rollout.rescue import rescue


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


def new_rollout_id() -> str:
    """Short and unique; also the holder of the Lease."""
    return uuid.uuid4().hex[:12]


def _say(line: str) -> None:
    os.write(1, (line + "\n").encode())


if __name__ == "__main__":
    raise SystemExit(main())
