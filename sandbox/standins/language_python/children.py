"""The processes the host starts: they end with the call that wanted them, and with the host however it ends.

Only the process itself is killed, never its group: a child that a plugin put in a session of its own lives on.
"""

from __future__ import annotations

import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Literal

import grpc

# setpriv is part of util-linux; without it a child outlives a host that is killed with SIGKILL.
_DIES_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")
_LAST_OUTPUT = 1.0  # seconds for output that is on its way when a process has ended
_POLL = 0.1

StreamName = Literal["stdout", "stderr"]
Chunk = tuple[StreamName, bytes]


class Children:
    """The running child processes of one host."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._prefix = _DIES_WITH_PARENT if shutil.which(_DIES_WITH_PARENT[0]) else ()

    @contextmanager
    def started(
        self,
        command: list[str],
        *,
        environment: Mapping[str, str],
        folder: str,
        call: grpc.ServicerContext,
        piped: bool,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A process for the time of ``call``; killed when the call ends before it, reaped in any case.

        The thread that enters must be the one that leaves: the kernel kills the child when that thread ends.
        """
        pipe = subprocess.PIPE if piped else None
        process = subprocess.Popen(
            [*self._prefix, *command],
            env=dict(environment),
            cwd=folder or None,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
        )
        with self._lock:
            self._running.add(process)
        try:
            if not call.add_callback(process.kill):
                process.kill()
            yield process
        finally:
            process.kill()
            process.wait()
            with self._lock:
                self._running.discard(process)

    def signal(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """Signal a child that may have ended already."""
        if process.poll() is None:
            process.send_signal(number)

    def drain(self, hurry: threading.Event) -> None:
        """Wait until every child has ended; kill the rest as soon as ``hurry`` is set."""
        while running := self._alive():
            if hurry.wait(_POLL):
                for process in running:
                    process.kill()
                for process in running:
                    process.wait()
                return

    def _alive(self) -> list[subprocess.Popen[bytes]]:
        with self._lock:
            return [process for process in self._running if process.poll() is None]


def output(process: subprocess.Popen[bytes]) -> Iterator[Chunk]:
    """What a piped process writes, as it comes, until it has ended.

    Pipes that a grandchild keeps open do not hold this up.
    """
    chunks: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()
    readers = [
        threading.Thread(target=_pump, args=(name, stream, chunks), daemon=True)
        for name, stream in (("stdout", process.stdout), ("stderr", process.stderr))
    ]
    for reader in readers:
        reader.start()
    threading.Thread(target=_finish, args=(process, readers, chunks), daemon=True).start()
    while (chunk := chunks.get()) is not None:
        yield chunk


def _pump(name: StreamName, stream: IO[bytes], chunks: queue.SimpleQueue[Chunk | None]) -> None:
    while data := stream.read1(65536):  # type: ignore[attr-defined]  # a buffered pipe
        chunks.put((name, data))


def _finish(
    process: subprocess.Popen[bytes], readers: list[threading.Thread], chunks: queue.SimpleQueue[Chunk | None]
) -> None:
    process.wait()
    for reader in readers:
        reader.join(_LAST_OUTPUT)
    chunks.put(None)
