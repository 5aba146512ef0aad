"""One reader for each kind of guardrail: a source is a table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from slipway.release.manifest.guardrails import Guardrail
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.history import Ticks

Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Which backends to read. Counters that are shared with other rollouts may be `max_age` seconds old. `copied`: the
    candidate gets copies of requests."""

    candidate: Backend
    baseline: Backend | None
    max_age: float = 0.0
    copied: bool = False

    @property
    def sides(self) -> list[Backend]:
        """The candidate, and the baseline where there is one."""
        return [self.candidate] if self.baseline is None else [self.candidate, self.baseline]


@dataclass(frozen=True, slots=True)
class Span:
    """The last `seconds` of one backend, in ticks of `tick` seconds."""

    backend: Backend
    seconds: float
    tick: float


def no_past(_guardrails: Sequence[Any], _span: Span) -> Mapping[str, Ticks]:
    """Of guardrails whose past tells nothing."""
    return {}


@dataclass(frozen=True, slots=True)
class Reader(Generic[Kind]):
    """Reads the guardrails of some kinds. `read` adds each of them to the draft, as a reading or as an error, and never
    raises; with `always` it is asked without any, too. `past` leaves out what it has no past of, and may raise
    ClusterError."""

    kinds: tuple[type[Kind], ...]
    read: Callable[[Sequence[Kind], ReadRequest, Draft], None]
    past: Callable[[Sequence[Kind], Span], Mapping[str, Ticks]] = no_past
    always: bool = False

    def mine(self, guardrails: Sequence[Guardrail]) -> list[Kind]:
        """Those that this reader reads."""
        return [guardrail for guardrail in guardrails if isinstance(guardrail, self.kinds)]


def read_all(readers: Sequence[Reader[Any]], guardrails: Sequence[Guardrail], look: ReadRequest) -> Draft:
    """Every guardrail by the reader of its kind, in the order of the table."""
    draft = Draft()
    for reader in readers:
        mine = reader.mine(guardrails)
        if mine or reader.always:
            reader.read(mine, look, draft)
    return draft


def past_of_all(readers: Sequence[Reader[Any]], guardrails: Sequence[Guardrail], span: Span) -> dict[str, Ticks]:
    """The past of every guardrail that has one. Raises ClusterError."""
    found: dict[str, Ticks] = {}
    for reader in readers:
        if mine := reader.mine(guardrails):
            found.update(reader.past(mine, span))
    return found
