"""The one exception tree. Every error carries what a user needs in order to act: where, what, and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NEXT = "Next: "
"""Begins the line with the next command, which follows the reason where an update of the engine ends."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input: `path` is the place in it (`strategy.steps[1].weight`), `line` its
    line in the file, counted from 1, where that is known."""

    path: str
    message: str
    remedy: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path} (line {self.line})"
        return f"{place}: {self.message}. {self.remedy}"


class SlipwayError(Exception):
    """Base of every error that Slipway raises on purpose; `str()` of it is one clear line or list."""


class InputError(SlipwayError):
    """Some input cannot be used; `problems` lists all that is wrong with it, never only the first."""

    def __init__(self, subject: str, problems: Sequence[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{subject}: {len(self.problems)} problem(s)\n{lines}")


class ReleaseRefused(SlipwayError):
    """The release may not start (quarantined revision, a gate, another rollout of the service in flight)."""


class RolloutAborted(SlipwayError):
    """A rollout ended by putting the traffic back: the message says what, statistic, threshold and n. After
    `quarantined` its revision is refused."""

    def __init__(self, reason: str, *, quarantined: bool = False) -> None:
        super().__init__(reason)
        self.quarantined = quarantined


class ClusterError(SlipwayError):
    """The cluster, its gateway or its metrics could not be read or written; says which and what to check."""


class QueryRefused(ClusterError):
    """A metrics server cannot read a query: asking again does not help."""


class Conflict(ClusterError):
    """Another writer came in between; read again and decide again."""


class ClusterAway(ClusterError):
    """The API server did not answer, or had too much to do: asking again later may help."""


class JournalUnreadable(ClusterError):
    """The journal of a service was written by a newer Slipway, or was damaged: trying again does not help."""


class LeaseHeld(ClusterError):
    """Another rollout of the same service is in flight."""


class LeaseLost(SlipwayError):
    """Another may write now, and this process must not: no ClusterError, since waiting and trying again are wrong."""


class LeaseStale(ClusterError):
    """The Lease could not be renewed in time; nothing may be written until a renewal succeeds."""


class EngineError(SlipwayError):
    """The Pulumi engine or its state refused an operation."""
