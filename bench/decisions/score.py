"""From the times of every detector in every cell to one row a detector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, log
from typing import Any

import numpy as np
from scipy.stats import beta  # type: ignore[import-untyped]

from bench.decisions.cells import SECONDS, Cell
from bench.decisions.vector import Floats
from slipway.rollout.analysis.detectable import relative_growth

ALPHA = 0.01
SURE = 0.99
"""Confidence of the lower bound by which a cell disqualifies."""
SETTLED = 1e-6
"""A rate above alpha is measured again, unless chance would put it there less often than this."""
BOUND_CELLS = (60.0, 1200.0)
"""Wald's bound is compared with where a tick is small against it, and the hour is long against it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One detector in one cell: seconds with a miss as the whole hour, and how many runs were aborted."""

    mean: float
    median: float
    aborted: int
    runs: int

    @property
    def rate(self) -> float:
        """Share of the runs that were aborted."""
        return self.aborted / self.runs

    @property
    def doubtful(self) -> bool:
        """Whether a healthy cell is so near to alpha that only many more runs can tell on which side it is."""
        return self.rate > ALPHA >= self.lower(SETTLED)

    def lower(self, doubt: float = 1.0 - SURE) -> float:
        """Lower confidence bound of the abort rate (Clopper & Pearson), above the rate with a chance of `doubt`."""
        return float(beta.ppf(doubt, self.aborted, self.runs - self.aborted + 1)) if self.aborted else 0.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """The highest lower bound of a detector's healthy cells, read in two ways: each cell for itself at 99%, which is
    what disqualifies, and at 99% for all cells together (Bonferroni), which luck in one of many cells cannot reach."""

    cells: int
    each: float
    together: float


def bounds(healthy: Sequence[Outcome]) -> Bounds:
    """Of the healthy cells of one detector."""
    share = (1.0 - SURE) / max(1, len(healthy))
    each, together = (max([cell.lower(doubt) for cell in healthy], default=0.0) for doubt in (1.0 - SURE, share))
    return Bounds(len(healthy), each, together)


@dataclass(frozen=True, slots=True)
class Row:
    """One detector over all cells."""

    score: float
    false_abort_mean: float
    false_abort_max: float
    missed_2x: float
    missed_5x: float
    mean_over_wald: float
    bounds: Bounds

    @property
    def disqualified(self) -> bool:
        """Whether any healthy cell's false-abort lower confidence bound exceeds alpha."""
        return self.bounds.each > ALPHA

    def to_json(self) -> dict[str, Any]:
        """Figures rounded to what they are worth."""
        return {key: round(value, 4) for key, value in asdict(self).items() if key != "bounds"}


def outcome(times: Floats) -> Outcome:
    """Summarise the abort times of the runs of one cell (nan: never)."""
    filled = np.where(np.isnan(times), SECONDS, times)
    aborted = int(np.count_nonzero(~np.isnan(times)))
    return Outcome(float(filled.mean()), float(np.median(filled)), aborted, len(times))


def wald_bound(cell: Cell) -> float:
    """Least mean seconds of any test with these error rates that is told the ratio: ln(1 / alpha) / information
    (Wald 1945)."""
    growth = relative_growth(1.0, cell.rate * cell.weight, cell.rate * (1.0 - cell.weight), cell.share)
    return log(1.0 / ALPHA) / growth(cell.ratio)


def row(
    bad: Mapping[Cell, Outcome], told: Mapping[Cell, Outcome], good: Iterable[Outcome], gates: Iterable[Outcome]
) -> Row:
    """Score: geometric mean over bad cells of (mean time of the test that is told the ratio) / (mean time)."""
    good = list(good)
    rates = [cell.rate for cell in good] or [0.0]
    over = [
        result.mean / wald_bound(cell)
        for cell, result in bad.items()
        if BOUND_CELLS[0] <= wald_bound(cell) <= BOUND_CELLS[1]
    ]
    return Row(
        score=exp(_mean([log(told[cell].mean / result.mean) for cell, result in bad.items()])),
        false_abort_mean=_mean(rates),
        false_abort_max=max(rates),
        missed_2x=_missed(bad, 2.0),
        missed_5x=_missed(bad, 5.0),
        mean_over_wald=_mean(over),
        bounds=bounds([*good, *gates]),
    )


def _missed(bad: Mapping[Cell, Outcome], ratio: float) -> float:
    return _mean([1.0 - result.rate for cell, result in bad.items() if cell.ratio == ratio])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
