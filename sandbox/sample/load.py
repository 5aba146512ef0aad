"""A constant load on a service of the sandbox, from the beginning to the end of a ``with`` block.

options = LoadOptions(netns=state_paths().netns)
with Load(url, host="checkout.example", rate=300, out=folder / "load.jsonl", options=options) as load:
    ...
    assert load.snapshot().failed() == 0
total = load.stop()
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.errors import SandboxError, log_tail
from sandbox.sample.binaries import binaries
from sandbox.sample.records import Counts, Reader

START_WITHIN = 10.0
POLL = 0.02
"""Seconds between two looks at the records while something is awaited of them."""


@dataclass(frozen=True)
class LoadOptions:
    """How to send. Durations are seconds; ``clients`` keys are sent in the header or the cookie, in turn or, with
    a skew, most by a few of them (1: Zipf's law); with ``keep_cookies`` each client sends back what it was given.

    ``netns`` is the network namespace to send from, by its path or by its name under /run/netns. Load goes only to
    addresses of the namespace that it is sent from; the generator refuses any other.
    """

    duration: float = 600.0
    timeout: float = 5.0
    every: float = 1.0
    group: float = 0.01
    headers: Sequence[str] = ()
    clients: int = 0
    client_header: str = ""
    client_cookie: str = ""
    client_skew: float = 0.0
    keep_cookies: bool = False
    netns: Path | str | None = None

    def command(self, binary: Path, url: str, host: str, rate: float, out: Path) -> list[str]:
        """The generator's command line."""
        command = ["nsenter", f"--net={_netns_path(self.netns)}", "--"] if self.netns is not None else []
        command += [str(binary), "-with-stdin", f"-url={url}", f"-host={host}", f"-rate={rate}", f"-out={out}"]
        for name in ("duration", "timeout", "every", "group"):
            command.append(f"-{name}={getattr(self, name):.6f}s")
        command += [f"-header={header}" for header in self.headers]
        if self.clients:
            command += [f"-clients={self.clients}"]
            command += [f"-client-header={self.client_header}", f"-client-cookie={self.client_cookie}"]
            command += [f"-client-skew={self.client_skew}", f"-keep-cookies={str(self.keep_cookies).lower()}"]
        return command


def _netns_path(netns: Path | str) -> Path:
    return netns if isinstance(netns, Path) else Path("/run/netns") / netns


class Load:
    """The generator as a process of our own. It ends when the block ends, after ``options.duration`` at the latest,
    and when this process dies, however it dies: it watches a pipe whose other end only this process holds.

    (Not by PR_SET_PDEATHSIG: that fires when the *thread* that started it ends, and cuts off the total.)
    """

    def __init__(
        self,
        url: str,
        host: str,
        rate: float,
        out: Path,
        options: LoadOptions | None = None,
        binary: Path | None = None,
    ) -> None:
        chosen = options or LoadOptions()
        self._command = chosen.command(binary or binaries().loadgen, url, host, rate, out)
        self._grace = chosen.timeout + 5.0
        self._out = out
        self._log = out.with_suffix(".log")
        self._offset = 0
        self._reader = Reader()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The generator's process id."""
        return self._started().pid

    def start(self) -> None:
        """Start it and return once it sends; ``SandboxError`` with its own words when it does not."""
        self._out.parent.mkdir(parents=True, exist_ok=True)
        self._out.write_bytes(b"")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            self.await_counts(lambda _: self._reader.started, START_WITHIN, "not started")
        except BaseException:
            self._end(0.0)
            raise

    def snapshot(self) -> Counts:
        """What has been recorded by now."""
        with self._out.open("rb") as records:
            records.seek(self._offset)
            piece = records.read()
        self._offset += len(piece)
        self._reader.feed(piece)
        return self._reader.counts()

    def await_counts(self, condition: Callable[[Counts], bool], within: float, what: str) -> Counts:
        """The first snapshot for which ``condition`` holds; ``SandboxError`` after ``within`` seconds.

        ``what`` is the problem to name, such as "no response of v2".
        """
        deadline = time.monotonic() + within
        while True:
            ended = self._started().poll() is not None  # asked before its records are read: then they are complete
            counts = self.snapshot()
            if condition(counts):
                return counts
            if ended or time.monotonic() > deadline:
                raise self._error(f"{what} " + ("when it ended" if ended else f"within {within:g} s"))
            time.sleep(POLL)

    def stop(self) -> Counts:
        """End the load: requests in flight are finished, the total is written. Returns the final counts, also when
        it has ended already; ``SandboxError`` when there is no total."""
        process = self._started()
        if not self._end(self._grace):
            raise self._error("did not end in time and was killed")
        counts = self.snapshot()
        if process.returncode != 0 or not counts.finished:
            raise self._error(f"ended with exit code {process.returncode} and no total")
        return counts

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except SandboxError:
            if kind is None:  # else the block's own error is the one to see
                raise

    def _end(self, grace: float) -> bool:
        """Close the pipe, wait, kill what is left; whether it ended by itself."""
        process = self._started()
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False
        return True

    def _error(self, problem: str) -> SandboxError:
        return SandboxError("loadgen", problem, f"its records are in {self._out}", log_tail(self._log))

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise SandboxError("loadgen", "the load was not started", "use it in a with block or call start()")
        return self._process
