"""Runs the provider as a plugin: prints its port, watches its engine, ends in order."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2_grpc

from slipway.plugin.provider import SlipwayProvider
from slipway.plugin.threads import ThreadPerCall
from slipway.rollout.process.signals import on_signals
from slipway.rollout.safety.watchdog_process import guards

MESSAGE_BYTES = 1024 * 1024 * 400
OPTIONS = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
RESTORE_WITHIN = 120.0
LOOK_EVERY = 1.0
GARBAGE = 20_000
"""Objects between two collections; by default 700, and each list of a cluster makes thousands that all go at once."""


def main(argv: list[str]) -> int:
    """`argv[1]` is the engine's address. Returns when the process is told to end."""
    address = argv[1] if len(argv) > 1 else None
    stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address, OPTIONS)) if address else None
    provider = SlipwayProvider(stub, address=address or "", prepare=guards().prepare)
    server, port = start_server(provider)
    ended = threading.Event()
    # The terminal's Ctrl-C reaches the whole process group; the engine says by Cancel what it wants.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    on_signals(lambda _number: ended.set(), (signal.SIGTERM,))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    keep_collections_short()
    if address is not None:
        threading.Thread(target=_end_with_engine, args=(address, ended), daemon=True).start()
    ended.wait()
    provider.stop(RESTORE_WITHIN)
    server.stop(1).wait()
    return 0


def start_server(provider: SlipwayProvider) -> tuple[grpc.Server, int]:
    """Serve on a free port of the loopback; a call never waits for another one to end."""
    threads = ThreadPerCall()
    server = grpc.server(threads, options=OPTIONS)  # type: ignore[arg-type]  # it takes any Executor
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def keep_collections_short() -> None:
    """What is there now stays until the end: the collector of garbage need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 50)


def _end_with_engine(address: str, ended: threading.Event) -> None:
    """A provider whose engine is gone must not go on: what it does would not be recorded."""
    host, _, port = address.rpartition(":")
    parent = os.getppid()
    while not ended.wait(LOOK_EVERY):
        if os.getppid() != parent:
            ended.set()
        try:
            socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), LOOK_EVERY).close()
        except ConnectionRefusedError:
            ended.set()
        except OSError:
            continue
