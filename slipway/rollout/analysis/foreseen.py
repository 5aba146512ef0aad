"""What is foreseen of a plan: plain values for people, JSON and the plan."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from slipway.release.units import Percent


@dataclass(frozen=True, slots=True)
class Detection:
    """A fault of `ratio` times the usual bad share (of what is negligible, where no errors are expected): mean
    seconds from its beginning to the abort, and failed requests of the candidate meanwhile; None when it is not
    seen within the horizon."""

    ratio: float
    seconds: float | None
    failed: float | None


@dataclass(frozen=True, slots=True)
class StepForesight:
    """One guardrail at one step. `smallest` is the smallest ratio that is noticed within the step's own time,
    `passes` the seconds until a healthy candidate may leave it; None when that is never within the horizon."""

    guardrail: str
    weight: Percent
    seconds: float
    detections: tuple[Detection, ...]
    smallest: float | None
    passes: float | None
    undecided: float = 0.0
    """The chance that a healthy candidate is still undecided after the horizon."""
    bounded: float | None = None
    """The bad share that it has shown not to reach when it passes since the harm of going on is bounded."""
    copies: Percent = 0.0
    """Percent of the requests that are copied, where no user is on the candidate: what fails are copies."""

    @property
    def where(self) -> str:
        """For people: `5%`, or `copies of 100%`."""
        return f"copies of {self.copies:.4g}%" if self.copies else f"{self.weight:.4g}%"


@dataclass(frozen=True, slots=True)
class Foresight:
    """The whole plan; `warnings` says where it cannot keep its promise."""

    rate: float | None
    bad_share: float | None
    steps: tuple[StepForesight, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What guardrails need that the expected rate of requests does not speak of."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)
