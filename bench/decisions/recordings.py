"""Simulated recordings: the same data for every detector, from a seed that is the cell's name."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.decisions.cells import SECONDS, TICK, Cell

Counts = NDArray[np.int64]
Pod = Sequence[tuple[int, int]]

WARM_UP = 60.0
HISTORY_PODS = 10
MIXED = 0.1
"""Part of the errors that come in bursts among others."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Counts per tick of `tick` seconds, one row a run: shape (runs, ticks). `history` is an hour of the stable
    version before the release, per pod ticks of (total, bad); `warm_up` the declared seconds, `objective` what is
    declared."""

    candidate_total: Counts
    candidate_bad: Counts
    baseline_total: Counts
    baseline_bad: Counts
    tick: float
    weight: float
    warm_up: float
    history: Sequence[Pod]
    objective: float | None = None

    def __len__(self) -> int:
        return int(self.candidate_total.shape[0])

    def take(self, runs: slice | NDArray[np.intp]) -> Recordings:
        """Some of the runs."""
        return Recordings(
            self.candidate_total[runs],
            self.candidate_bad[runs],
            self.baseline_total[runs],
            self.baseline_bad[runs],
            self.tick,
            self.weight,
            self.warm_up,
            self.history,
            self.objective,
        )


def simulate(cell: Cell, runs: int, seconds: float = SECONDS, tick: float = TICK, salt: int = 0) -> Recordings:
    """`runs` independent rollouts of the cell; another `salt` gives other ones."""
    rng = np.random.default_rng([zlib.crc32(cell.name.encode()), salt])
    ticks = round(seconds / tick)
    middle = np.asarray((np.arange(ticks) + 0.5) * tick, dtype=np.float64)
    level = _level(cell, middle)
    totals: list[Counts] = []
    bads: list[Counts] = []
    for weight, ratio in ((cell.weight, cell.ratio), (1.0 - cell.weight, 1.0)):
        total = rng.poisson(cell.rate * tick * weight, (runs, ticks))
        share = np.minimum(1.0, cell.share * level * ratio)
        if cell.shape == "cold-start" and not totals:
            share = np.minimum(1.0, share * (1.0 + (cell.strength - 1.0) * np.clip(1.0 - middle / WARM_UP, 0.0, 1.0)))
        totals.append(total)
        bads.append(_events(rng, total, share, cell))
    history = _history(rng, cell, ticks, tick)
    warm_up = WARM_UP if cell.shape == "cold-start" else 0.0
    return Recordings(totals[0], bads[0], totals[1], bads[1], tick, cell.weight, warm_up, history, cell.objective)


def _level(cell: Cell, middle: NDArray[np.float64]) -> NDArray[np.float64]:
    if cell.shape == "both-bad":
        return np.where(middle > SECONDS / 3, cell.strength, 1.0)
    if cell.shape == "drift":
        return np.asarray(cell.strength ** (middle / SECONDS))
    return np.ones_like(middle)


def _events(rng: np.random.Generator, total: Counts, share: NDArray[np.float64], cell: Cell) -> Counts:
    if cell.shape not in ("bursts", "mixed"):
        return rng.binomial(total, np.broadcast_to(share, total.shape))
    part = MIXED if cell.shape == "mixed" else 1.0
    single = rng.binomial(total, np.broadcast_to((1.0 - part) * share, total.shape)) if part < 1.0 else 0
    # Bursts begin at random on either side; each is geometric with the given mean and stays within its tick.
    bursts = rng.poisson(part * total * share / cell.strength)
    extra = rng.negative_binomial(np.maximum(bursts, 1), 1.0 / cell.strength)
    return np.minimum(total, single + np.where(bursts > 0, bursts + extra, 0))


def _history(rng: np.random.Generator, cell: Cell, ticks: int, tick: float) -> list[list[tuple[int, int]]]:
    total = rng.poisson(cell.rate * tick / HISTORY_PODS, (HISTORY_PODS, ticks))
    bad = _events(rng, total, np.full(ticks, cell.share), cell)
    return [list(zip(map(int, a), map(int, b), strict=True)) for a, b in zip(total, bad, strict=True)]
