"""The provider's side of the watchdog: one process for all rollouts of this one, in a session of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import cache

from slipway.release.errors import ClusterError
from slipway.release.target import Target
from slipway.release.units import show_seconds
from slipway.rollout.process.environment import stripped

READY_WITHIN = 60.0
TRIES = 2
"""Processes that may end before one is ready; after that the rollout does not begin."""
SETTLED = 5.0
"""Seconds. A watchdog that lived longer is replaced at once; after shorter lives the wait grows."""
LONGEST_WAIT = 30.0


def watchdog_command() -> list[str]:
    """Starts `slipway.rollout.safety.watchdog` with this interpreter."""
    return [sys.executable, "-m", "slipway.rollout.safety.watchdog", "--of", str(os.getpid())]


@cache
def guards() -> Guards:
    """Those of this process."""
    return Guards(watchdog_command())


class Guard:
    """The guarding of one rollout by the watchdog: it begins with `Guards.arm` and ends with `disarm` or `act`."""

    def __init__(self, owner: Guards, target: Target, service: str, rollout_id: str) -> None:
        self._owner = owner
        self.order = f"guard {rollout_id} {service} {target.model_dump_json(exclude_none=True)}"
        self.rollout_id = rollout_id
        self.told = 0
        """Watchdogs that were told of it."""
        self.ready = False
        self.trouble: str | None = None
        """Why the watchdog does not watch at the moment; None while it does."""
        self._answered = threading.Event()

    @property
    def pid(self) -> int:
        """Of the watchdog, for the journal and the tests; 0 while there is none."""
        return self._owner.pid

    def await_ready(self) -> None:
        """Block until the watchdog has reached the cluster. Raises ClusterError when it cannot guard."""
        if not self._answered.wait(READY_WITHIN):
            self.trouble = f"it did not answer within {show_seconds(READY_WITHIN)}"
        if self.trouble is not None and not self.ready:
            self.disarm()
            raise ClusterError(f"the watchdog could not start: {self.trouble}; nothing was moved")

    def disarm(self) -> None:
        """The rollout has ended normally: there is nothing left to guard. Does nothing the second time."""
        self._owner.drop(self.rollout_id, "disarm")

    def act(self) -> None:
        """Let the watchdog put the traffic back now, although this process lives: it could not do so itself. The
        watchdog takes the Lease over by the rollout's id, and outlives this process until it is done."""
        self._owner.drop(self.rollout_id, "act")

    def answer(self, trouble: str | None) -> None:
        """What the watchdog said."""
        self.trouble = trouble
        self.ready = self.ready or trouble is None
        self._answered.set()


class Guards:
    """The rollouts of this process that a watchdog guards. `command` starts one; it is started by `prepare` or with the
    first rollout, and outlives this process. While it holds the other end of a pipe, the death of this process is the
    end of that pipe, and the watchdog puts the traffic back. A watchdog that dies during a rollout is replaced."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._lock = threading.Lock()
        self._armed: dict[str, Guard] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._short_lives = 0

    @property
    def pid(self) -> int:
        """Of the watchdog; 0 while there is none."""
        process = self._process
        return process.pid if process is not None else 0

    def prepare(self) -> None:
        """Start the watchdog before there is anything to guard, so that the first rollout need not wait for it."""
        with self._lock:
            if self._process is None:
                self._start()

    def arm(self, target: Target, service: str, rollout_id: str) -> Guard:
        """Begin to guard; `Guard.await_ready` tells whether it worked. Returns at once."""
        guard = Guard(self, target, service, rollout_id)
        with self._lock:
            self._armed[rollout_id] = guard
            if self._process is None:
                self._start()
            else:
                self._tell(guard)
        return guard

    def drop(self, rollout_id: str, word: str) -> None:
        """Stop guarding it, and tell the watchdog by `word`; nothing happens when it is not guarded."""
        with self._lock:
            if self._armed.pop(rollout_id, None) is not None:
                self._send(f"{word} {rollout_id}")

    def _start(self) -> None:
        """Tell a new process of all rollouts. The lock is held."""
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=stripped(dict(os.environ)),
                cwd="/",
            )
        except OSError as error:
            for guard in self._armed.values():
                guard.answer(f"{self._command[0]}: {error.strerror}")
            return
        threading.Thread(target=self._listen, args=(self._process,), name="watchdog", daemon=True).start()
        for guard in self._armed.values():
            self._tell(guard)

    def _tell(self, guard: Guard) -> None:
        guard.told += 1
        self._send(guard.order)

    def _send(self, line: str) -> None:
        try:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(f"{line}\n".encode())
                self._process.stdin.flush()
        except OSError:
            return  # It died: `_listen` sees that too, and what is still armed is told to the next one.

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        began = time.monotonic()
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with process.stdout as lines:
            for line in lines:
                self._hear(line.decode(errors="replace").strip())
        process.wait()
        with self._lock:
            wait = self._bury(time.monotonic() - began)
        while wait is not None:
            time.sleep(wait)
            with self._lock:
                if self._process is None and self._armed:
                    self._start()
                wait = LONGEST_WAIT if self._process is None and self._armed else None

    def _hear(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        rollout_id, _, text = rest.partition(" ")
        with self._lock:
            guard = self._armed.get(rollout_id)
        if guard is not None and word in ("ready", "error"):
            guard.answer(None if word == "ready" else text)

    def _bury(self, lived: float) -> float | None:
        """Seconds until the next one is started, None when none is needed. The lock is held."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):  # What was written last cannot be delivered any more.
                process.stdin.close()
        self._short_lives = self._short_lives + 1 if lived < SETTLED else 0
        for guard in list(self._armed.values()):
            if guard.ready or guard.told >= TRIES:
                guard.answer("it ended" if guard.ready else "it ended at once")
            if not guard.ready and guard.told >= TRIES:
                del self._armed[guard.rollout_id]
        if not self._armed:
            return None
        return min(LONGEST_WAIT, float(2 ** (self._short_lives - 1) - 1)) if self._short_lives else 0.0
