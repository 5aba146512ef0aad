"""The life of a plugin process: serve, print the port, go when the engine has gone or says so."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc

from sandbox.standins.errors import OneLineErrors
from slipway.rollout.process.signals import on_signals

# Every resource that is being awaited holds a thread, and a cancellation must still find one free.
THREADS = 512
MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes, what the CLI allows
ENGINE_PERIOD = 1.0  # seconds between two looks at the engine
CALLS_END = 5.0  # seconds for calls that are about to end; the CLI kills after as many


def plugin_arguments(argv: Sequence[str]) -> str:
    """The engine's address from a plugin's command line ("" when run by hand); logging flags are ignored."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--tracing")
    parser.add_argument("--logtostderr", action="store_true")
    parser.add_argument("-v", dest="verbose")
    parser.add_argument("engine", nargs="?", default="")
    known, _ = parser.parse_known_args(argv)
    return str(known.engine)


def serve(register: Callable[[grpc.Server], None], engine: str, drain: Callable[[threading.Event], None]) -> None:
    """Serve until a signal or the engine's end; does not return.

    ``drain(hurry)`` runs once then, while calls are still answered, to let work in flight end; ``hurry`` is set on a
    second signal or when the engine is gone: then nothing may be waited for any more.
    """
    stop, hurry = threading.Event(), threading.Event()

    on_signals(lambda _number: (hurry if stop.is_set() else stop).set())
    server = grpc.server(
        ThreadPoolExecutor(max_workers=THREADS),
        interceptors=[OneLineErrors()],
        options=[
            ("grpc.max_receive_message_length", MESSAGE_LIMIT),
            ("grpc.max_send_message_length", MESSAGE_LIMIT),
            ("grpc.so_reuseport", 0),
        ],
    )
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    if engine:
        threading.Thread(target=_watch, args=(engine, stop, hurry), daemon=True).start()
    stop.wait()
    drain(hurry)
    server.stop(grace=None if hurry.is_set() else CALLS_END).wait(CALLS_END)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that still hold a dead call would keep the process


def _watch(engine: str, stop: threading.Event, hurry: threading.Event) -> None:
    while not hurry.wait(ENGINE_PERIOD):
        if not alive(engine):
            hurry.set()
            stop.set()


def alive(address: str) -> bool:
    """Whether something listens at ``host:port``."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ENGINE_PERIOD).close()
    except (OSError, ValueError):
        return False
    return True
