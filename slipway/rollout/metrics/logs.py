"""Requests and their errors in the logs or the traces of both sides, in closed windows that never overlap.

A window begins where the last one ended, and ends some seconds ago, when what was logged in it can be read. What is
logged later still is lost, and never counted twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import AnyKind, Logs, Traces
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import LogCounts, LogWindow, Reading
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.readers import ReadRequest
from slipway.rollout.process import clock

SHORTEST, LONGEST = 5.0, 300.0
"""Seconds of a window. After an outage that lasted longer what is older is left out."""
SIGNATURE_LENGTH = 160
"""Characters of a signature that are kept."""
MOST = 500
"""Signatures of one window and side: with more of them the texts are not told apart by what they have in common."""


Kind = TypeVar("Kind", Logs, Traces)
Kind_contra = TypeVar("Kind_contra", bound=AnyKind, contravariant=True)


class WindowServer(Protocol[Kind_contra]):
    """Where logs or traces are counted."""

    def count(self, guardrail: Kind_contra, backend: Backend, start: float, end: float) -> LogCounts:
        """The requests of one side from `start` up to but without `end`, Unix seconds. Raises ClusterError."""
        ...


@dataclass(slots=True)
class _Read:
    """How far a guardrail was read, and of which sides."""

    sides: tuple[str, ...]
    end: float


class WindowSources(Generic[Kind]):
    """Reads the guardrails of logs or of traces, and remembers how far. `lag` is in seconds, `now` Unix seconds,
    `setting` what the stack's server is named by."""

    def __init__(
        self,
        server: WindowServer[Kind] | None,
        lag: float,
        now: Callable[[], float] = clock.now,
        setting: str = "logs",
    ) -> None:
        self._setting = setting
        self._server: WindowServer[Kind] | None = server
        self._lag = lag
        self._now = now
        self._read: dict[str, _Read] = {}

    def read_all(self, guardrails: Sequence[Kind], look: ReadRequest, draft: Draft) -> None:
        """Add what is new since the last look; a look without a new window is no error and has none."""
        for guardrail in guardrails:
            try:
                window = self._window(guardrail, look.sides)
            except ClusterError as error:
                draft.fail([guardrail.name], error)
                continue
            draft.readings[guardrail.name] = Reading({}, {}, logs=window)
            if not draft.at:  # Where another source has a time of its own, that one counts.
                draft.seen(self._now())

    def reached(self) -> dict[str, Any]:
        """How far each guardrail was read."""
        return {name: {"sides": list(one.sides), "end": one.end} for name, one in self._read.items()}

    def go_on(self, reached: Mapping[str, Any]) -> None:
        """From where another process was. Raises KeyError or TypeError when it is something else."""
        self._read = {name: _Read(tuple(one["sides"]), float(one["end"])) for name, one in reached.items()}

    def _window(self, guardrail: Kind, sides: Sequence[Backend]) -> LogWindow | None:
        """The next window. What could not be read is part of the one that can be."""
        if self._server is None:
            missing = f"the stack does not say where its {self._setting} are"
            raise ClusterError(f"{missing}: write releases:metrics {self._setting}.url")
        end, names = math.floor(self._now() - self._lag), tuple(side.revision for side in sides)
        known = self._read.get(guardrail.name)
        if known is None or known.sides != names:
            self._read[guardrail.name] = _Read(names, end)
            return None
        if end - known.end < SHORTEST:
            return None
        start = max(known.end, end - LONGEST)
        found = [self._server.count(guardrail, side, start, end) for side in sides]
        known.end = end
        return LogWindow(start, end, found[0], found[1] if len(found) > 1 else LogCounts(0, 0, {}))


def bounded(signatures: Mapping[str, int], server: str) -> Mapping[str, int]:
    """The signatures of one window. Raises ClusterError when there are too many to mean anything."""
    if len(signatures) > MOST:
        raise ClusterError(
            f"{server}: {len(signatures)} different errors in one window, more than {MOST}; log a fixed text, and what "
            "varies in fields of its own"
        )
    return signatures
