"""`python -m slipway.rollout.runner ORDER`: carries out the order in this file, in a Job of the cluster.
`python -m slipway.rollout.runner --watch SERVICE NAMESPACE` watches what was released last after it took all the
traffic (slipway.rollout.watching).

Exit code 0: the order is done, its attempt has an end in the journal, whichever it is. 1: it is not, because it could
not be ended or because this pod was told to go; the Job starts another process, which puts the traffic back before
anything else. 2: the order cannot be read.

SIGTERM puts the traffic back and ends. It is heard from the first moment: as the first process of its container this
one would not even be ended by it.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.rollout.process.signals import on_signals

if TYPE_CHECKING:
    from slipway.rollout.process.vitals import Vitals


def main(argv: list[str]) -> int:
    """Carry out the order in the file that the first argument names."""
    told_to_go, cancelled = threading.Event(), threading.Event()

    def go(_number: int) -> None:
        told_to_go.set()
        cancelled.set()

    on_signals(go)
    from slipway.release.errors import InputError, SlipwayError
    from slipway.rollout.process.vitals import Vitals, serve

    vitals = Vitals()
    serve(vitals)
    if argv[1:2] == ["--watch"]:
        return _watch(argv[2:], told_to_go, vitals)
    from slipway.release.run_order import read_order
    from slipway.rollout.in_cluster import running

    try:
        order = read_order(Path(argv[1]).read_text(encoding="utf-8"))
    except (IndexError, OSError, InputError) as error:
        _say(f"no order: {error}")
        return running.UNREADABLE
    try:
        return running.Runner(order, running.connect(order), told_to_go, cancelled, _say).run()
    except SlipwayError as error:
        _say(str(error))
        return running.AGAIN


def _watch(argv: list[str], told_to_go: threading.Event, vitals: Vitals) -> int:
    from slipway.release.errors import SlipwayError
    from slipway.rollout.watching.start import AGAIN, WRONG, watch_in_pod

    if len(argv) != 2:
        _say("--watch needs the service and the namespace")
        return WRONG
    try:
        return watch_in_pod(argv[0], argv[1], told_to_go, _say, vitals)
    except SlipwayError as error:
        _say(str(error))
        return AGAIN


def _say(line: str) -> None:
    """Into the pod's log."""
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv))
