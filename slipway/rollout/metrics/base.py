"""The protocol of a metrics source: raw cumulative counters, so that resets and restarts stay visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from slipway.release.manifest.guardrails import Guardrail
from slipway.release.rollout_inputs import Backend
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.metrics.emitters import Emitters


@dataclass(frozen=True, slots=True)
class Series:
    """Cumulative counters of one emitter (one pod or one proxy): `total`, `bad`, and for latency the
    cumulative histogram (`le` upper bounds in seconds -> count).

    With `good`, the counters are `total` and `good`, and `bad` is what the one is ahead of the other: it also falls,
    when events that were still under way end well. `at` is the time of the sample (Unix seconds), 0 where it is
    unknown."""

    total: float
    bad: float
    buckets: Mapping[float, float]
    good: float | None = None
    at: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class ClientEvents:
    """What a source of single clients' outcomes saw since its last look. Keys are hashed
    with a salt that lives no longer than the rollout; nothing raw is ever in here."""

    seen: Sides[frozenset[str]]
    failures: tuple[tuple[str, bool], ...]
    """In order: (key, failed on the candidate). Repeats are harmless."""
    alive: Sides[bool]
    """Whether either side answered anybody."""
    note: str = ""
    """What could not be used, such as requests without a key."""


@dataclass(frozen=True, slots=True)
class LogCounts:
    """Requests of one side in a window of the logs: all of them, those with an error, and for each signature of an
    error how many requests had it."""

    total: int
    bad: int
    signatures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LogWindow:
    """A closed window, Unix seconds; each is handed on exactly once."""

    start: float
    end: float
    candidate: LogCounts
    baseline: LogCounts


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one guardrail: emitter -> series for either side; `firing` for alerts, `clients` for
    client-failures: there it is what is new since the last look, so that each is handed on exactly once."""

    candidate: Mapping[str, Series]
    baseline: Mapping[str, Series]
    firing: bool | None = None
    clients: ClientEvents | None = None
    logs: LogWindow | None = None
    emitters: Emitters = field(default_factory=Emitters)
    """Whose series these are, where that is told."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All guardrails at one instant. `at` is the source's own time of the newest sample (Unix seconds), so
    that a source which answers with old data can be told from one that is alive."""

    at: float
    readings: Mapping[str, Reading]
    errors: Mapping[str, str]
    """Guardrail -> why it could not be read."""
    traffic: Mapping[str, Mapping[str, Series]] = field(default_factory=dict)
    """Requests at the data plane, for the measured share: revision -> emitter -> series, from the same samples as the
    guardrails that are counted there; empty for a revision that it has not seen."""
    traffic_error: str | None = None
    """Why `traffic` could not be read; then nothing of this look is a verdict."""
    emitters: Emitters = field(default_factory=Emitters)
    """Those of `traffic`."""


@runtime_checkable
class Resumable(Protocol):
    """A source that hands some things on only once, such as the outcomes of single clients, and with which another
    process can go on."""

    def reached(self) -> dict[str, Any]:
        """How far it has read, as plain JSON values of bounded size."""
        ...

    def go_on(self, reached: Mapping[str, Any]) -> None:
        """From where another process was. Raises ValueError when it is something else."""
        ...


class Meter(Protocol):
    """What the counts of a rollout are read from."""

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        """Read every guardrail's counters now. With `max_age`, counters that are asked for with those of other rollouts
        of this process may have been read at most so many seconds ago. `copied`: the candidate gets copies of requests,
        which count too. Never raises for a failed query: that is in `errors`."""
        ...

    def history(
        self, guardrails: Sequence[Guardrail], backend: Backend, seconds: float, tick: float
    ) -> Mapping[str, Sequence[Sequence[tuple[int, int]]]]:
        """What serves, before the rollout: guardrail -> per emitter, ticks of (total, bad), from the last `seconds`
        in steps of `tick` seconds. Guardrails that it has no history of are left out. Raises ClusterError."""
        ...

    def begin_afresh(self) -> bool:
        """The weights have just changed. A source whose counts are of long periods counts none from now on that began
        before, and returns True: its counters grow by what came after alone. False for one whose samples are as short
        as a look. Raises ClusterError when it cannot be asked for its time."""
        ...


class Source(Meter, Protocol):
    """One metrics system that also sees the data plane."""

    def requests(self, backends: Sequence[Backend]) -> Mapping[str, float]:
        """Cumulative requests per revision at the data plane, of all emitters that are in sight; 0 for one it has not
        seen. Raises ClusterError when the source fails or is stale."""
        ...

    def traffic(self, backends: Sequence[Backend]) -> Mapping[str, Mapping[str, Series]]:
        """The same for each emitter, as `Snapshot.traffic` has it. Raises ClusterError as `requests` does."""
        ...

    def unseen(self, backend: Backend) -> str | None:
        """Why the counters of what serves cannot be found, so that nothing could be judged by them; None when they are
        there, or when the source cannot tell."""
        ...

    def notes(self, tick: float) -> tuple[str, ...]:
        """What a plan should say of looks every `tick` seconds."""
        ...

    def spacing(self) -> float | None:
        """Seconds between two samples of the data plane; None while that is unknown."""
        ...

    def in_flight(self, backend: Backend, after: float | None = None) -> int | None:
        """Requests of the backend that are in flight at the data plane; None when the source cannot tell.

        With `after`, the `at` of a snapshot, it cannot tell before every emitter was sampled later than that: so
        a 0 is never older than the take-out that it is to confirm."""
        ...

    def knows(self, backend: Backend, beside: Backend, after: float) -> bool | None:
        """Whether every emitter that has endpoints of `beside` has some of `backend` too; None before every emitter was
        sampled later than `after`, the `at` of a series. Raises ClusterError when the source fails or is stale."""
        ...
