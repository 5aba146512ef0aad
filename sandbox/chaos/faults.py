"""What may go wrong with a call of the API server, and which calls it happens to."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WRITES = ("POST", "PUT", "PATCH", "DELETE")
READS = ("GET",)


class Kind(StrEnum):
    """What the client meets. With `LOST_ANSWER` and `NO_ANSWER` the API server has done what it was asked."""

    LOST_ANSWER = "lost-answer"
    """Done, but the connection is closed without an answer."""
    NO_ANSWER = "no-answer"
    """Done, but for `seconds` nothing comes, which is to be longer than the client waits; then the connection ends."""
    STALLED = "stalled"
    """Not done: for `seconds` nothing comes, then the connection ends."""
    RESET = "reset"
    """Not done: the connection is reset."""
    TOO_MANY = "too-many-requests"
    """Not done: 429 with `Retry-After`."""
    CONFLICT = "conflict"
    """Not done: 409, as if another client had written in between."""
    FAILURE = "failure"
    """Not done: 500."""


STATUS: dict[Kind, tuple[int, str]] = {
    Kind.TOO_MANY: (429, "TooManyRequests"),
    Kind.CONFLICT: (409, "Conflict"),
    Kind.FAILURE: (500, "InternalError"),
}
"""The answers that the proxy gives itself: HTTP code and reason of the API's own Status object."""


@dataclass(frozen=True)
class Fault:
    """`kind` happens to the next `times` calls (all of them with None) whose method is in `methods` and whose path
    `path` finds. With `share` below 1 each such call is spared by chance; `seconds` is how long no answer
    comes, or what Retry-After says."""

    kind: Kind
    methods: Sequence[str] = WRITES
    path: str = ""
    times: int | None = 1
    share: float = 1.0
    seconds: float = 1.0

    def matches(self, method: str, path: str) -> bool:
        """Whether a call is of the kind that this happens to."""
        return method in self.methods and re.search(self.path, path) is not None


class Injected:
    """A fault that the proxy was told of: how often it has happened, and the end of it."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._changed = threading.Condition()
        self._hits: list[str] = []
        self._over = False

    @property
    def hits(self) -> tuple[str, ...]:
        """The calls that it happened to, as `METHOD path`."""
        with self._changed:
            return tuple(self._hits)

    def await_hits(self, count: int, within: float) -> bool:
        """Wait until it has happened so often, at most `within` seconds; whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._hits) >= count, within)

    def end(self) -> None:
        """It does not happen any more."""
        with self._changed:
            self._over = True

    def take(self, method: str, path: str, dice: random.Random) -> bool:
        """Whether it happens to this call, which then counts."""
        fault = self.fault
        with self._changed:
            spent = self._over or (fault.times is not None and len(self._hits) >= fault.times)
            if spent or not fault.matches(method, path) or dice.random() >= fault.share:
                return False
            self._hits.append(f"{method} {path}")
            self._changed.notify_all()
            return True


class Faults:
    """The faults in force. Calls may come from many threads; chance is drawn from one seed."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - reproducible chaos
        self._lock = threading.Lock()
        self._injected: list[Injected] = []

    def inject(self, fault: Fault) -> Injected:
        """Let it happen from now on. The fault that was injected first takes a call that several match."""
        injected = Injected(fault)
        with self._lock:
            self._injected.append(injected)
        return injected

    def clear(self) -> None:
        """None happens any more."""
        with self._lock:
            for injected in self._injected:
                injected.end()
            self._injected.clear()

    def pick(self, method: str, path: str) -> Fault | None:
        """What happens to this call."""
        with self._lock:
            for injected in self._injected:
                if injected.take(method, path, self._dice):
                    return injected.fault
        return None
