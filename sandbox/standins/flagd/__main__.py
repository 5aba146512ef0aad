"""``flagd start --uri URI [--sync-port 8015]``, as flagd has it.

It listens on loopback; SLIPWAY_FLAGD_BIND names another address, such as one that pods reach.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc

from sandbox.standins.errors import StandInError
from sandbox.standins.flagd import BIND
from sandbox.standins.flagd.flags import Flags
from sandbox.standins.flagd.service import SyncService
from sandbox.standins.flagd.source import FORMS, Source
from sandbox.standins.flagd.watch import Watch, connect
from slipway.rollout.process.signals import on_signals

SYNC_PORT = 8015
STREAMS = 256
"""Providers that may be connected at once: each holds a thread."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="flagd", description="A stand-in for flagd's sync server.")
    start = parser.add_subparsers(dest="command", required=True).add_parser("start")
    start.add_argument("-f", "--uri", required=True, help=FORMS)
    start.add_argument("-g", "--sync-port", type=int, default=SYNC_PORT, help="default: %(default)s")
    options = parser.parse_args(argv)
    try:
        _serve(Source.parse(options.uri), f"{os.environ.get(BIND, '127.0.0.1')}:{options.sync_port}")
    except (StandInError, RuntimeError) as error:  # grpc's word for an address that cannot be had
        sys.stderr.write(f"flagd: {error}\n")
        return 1
    return 0


def _serve(source: Source, address: str) -> None:
    flags, stop = Flags(), threading.Event()
    on_signals(lambda _number: stop.set())
    watch = Watch(connect(), source, flags)
    pool = ThreadPoolExecutor(max_workers=STREAMS)
    server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
    SyncService(flags).register(server)
    server.add_insecure_port(address)
    threading.Thread(target=watch.run, daemon=True).start()
    server.start()
    sys.stderr.write(f"serving {source} at {address}\n")
    sys.stderr.flush()
    stop.wait()
    watch.stop()
    flags.close()
    server.stop(grace=None).wait()
    os._exit(0)  # the watch may hang on a dead connection


if __name__ == "__main__":
    sys.exit(main())
