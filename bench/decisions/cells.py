"""The cells of the benchmark: what is simulated, and which of it is bad."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Shape = Literal["steady", "both-bad", "drift", "bursts", "mixed", "cold-start"]

SECONDS = 3600.0
TICK = 10.0
SHARES = (0.001, 0.003, 0.01)
RATES = (10.0, 100.0, 1000.0)
WEIGHTS = (0.05, 0.2, 0.5)
BAD = (2.0, 3.0, 5.0, 10.0)
GOOD = (1.0, 1.1)


@dataclass(frozen=True, slots=True)
class Cell:
    """`share` is the baseline's bad share, `rate` requests a second on both sides together, `weight` the
    candidate's fraction of them, `ratio` the candidate's bad share over the baseline's."""

    share: float
    rate: float
    weight: float
    ratio: float
    shape: Shape = "steady"
    strength: float = 1.0
    """both-bad: factor on both sides after 20 minutes; drift: factor reached after the hour on both sides;
    bursts: mean number of errors at once; mixed: the same of a tenth of the errors, the others come one by one;
    cold-start: factor on the candidate, fading within the first minute."""
    objective: float | None = None
    """What the guardrail declares."""

    @property
    def name(self) -> str:
        """Unique, and the seed of the cell's data."""
        extra = "" if self.shape == "steady" else f" {self.shape} {self.strength:g}"
        extra += "" if self.objective is None else f" objective {self.objective:g}"
        return f"{self.share:g} {self.rate:g}/s {self.weight:g} x{self.ratio:g}{extra}"


def grid(ratios: tuple[float, ...]) -> list[Cell]:
    """The steady cells for these ratios."""
    return [
        Cell(share, rate, weight, ratio) for share in SHARES for rate in RATES for weight in WEIGHTS for ratio in ratios
    ]


POINTS = ((0.003, 100.0, 0.01), (0.003, 1000.0, 0.01), (0.01, 1000.0, 0.03))
"""Bad share, rate and objective of the incidents."""


def gates() -> dict[str, list[Cell]]:
    """Healthy releases under conditions that break naive tests."""
    base = [
        Cell(share, rate, weight, 1.0)
        for share, rate in ((0.003, 100.0), (0.01, 100.0), (0.01, 1000.0))
        for weight in WEIGHTS
    ]
    dense = [Cell(0.01, rate, weight, 1.0) for rate in (300.0, 1000.0) for weight in (0.1, 0.5)]
    thin = [Cell(share, rate, weight, 1.0) for share, rate, _ in POINTS for weight in (0.9, 0.95, 0.98)]
    return {
        "both sides bad": [replace(cell, shape="both-bad", strength=10.0) for cell in base],
        "both sides bad, with an objective": [
            Cell(share, rate, weight, 1.0, "both-bad", 10.0, objective)
            for share, rate, objective in POINTS
            for weight in (0.1, 0.5, 0.75, 0.95)
        ],
        "both sides bad, at 90 to 98%": [replace(cell, shape="both-bad", strength=10.0) for cell in thin],
        "bursts among others": [replace(cell, shape="mixed", strength=size) for cell in dense for size in (20.0, 50.0)],
        "drift": [replace(cell, shape="drift", strength=factor) for cell in base for factor in (0.5, 3.0)],
        "bursts": [replace(cell, shape="bursts", strength=size) for cell in base for size in (2.0, 5.0)],
        "cold start": [replace(cell, shape="cold-start", strength=10.0) for cell in base],
    }
