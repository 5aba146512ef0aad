"""`python -m slipway.rollout.sending`: sends one escalation, until nothing of it is left to tell.

It reads its order from standard input (see slipway.rollout.escalation.desk) and outlives the process that raised the
escalation. Killed at any instant it loses nothing: the outbox has the escalation and every try whose result is known.
"""

from __future__ import annotations

import json
import sys
import time

from slipway.release.errors import ClusterError
from slipway.release.escalation.outbox import parse
from slipway.release.target import Target, parse_target
from slipway.rollout.assemble import connect_outbox
from slipway.rollout.escalation.outbox import MemoryOutbox, Outbox
from slipway.rollout.escalation.sender import Sender


def main() -> int:
    """Send what standard input says."""
    order = json.load(sys.stdin)
    entry = parse(order["entry"])
    Sender(_outbox(parse_target(order["target"]), order["folder"]), entry, _say).run(time.time, time.sleep)
    return 0


def _outbox(target: Target, folder: str | None) -> Outbox:
    """The one that is meant, or memory where the cluster cannot even be named any more."""
    try:
        return connect_outbox(target, folder)
    except ClusterError as error:
        _say(str(error))
        return MemoryOutbox()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - for those who start it by hand


if __name__ == "__main__":
    raise SystemExit(main())
