"""`python -m bench.decisions.variants`: what the constants of the abort test are worth.

Each variant on the benchmark's bad cells, on cells that were not used for choosing (other shares, rates, weights
and ratios), and on faults that begin after 20 minutes. Tolerated ratio 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import click
import numpy as np

from bench.decisions import peers, vector
from bench.decisions.cells import BAD, SECONDS, TICK, Cell, grid
from bench.decisions.recordings import Recordings, simulate
from bench.decisions.score import BOUND_CELLS, wald_bound
from bench.decisions.vector import Setting, abort_times
from slipway.rollout.analysis import constants as const

RUNS = 300
LATE = 1200.0


@dataclass(frozen=True, slots=True)
class Variant:
    """Constants of the abort test that differ from those in force."""

    name: str
    null: float = const.PRIOR[0]
    restarts: float = const.RESTARTS
    multiples: tuple[float, ...] = const.MULTIPLES
    events: int = const.BOOST_EVENTS
    room: float = const.BOOST_ROOM


VARIANTS = (
    Variant("in force"),
    Variant("first version: null 0.10, 1 restart, boost to 64", null=0.1, restarts=1.0, events=64, room=99.0),
    Variant("null 0.10", null=0.1),
    Variant("null 0.02", null=0.02),
    Variant("1 restart", restarts=1.0),
    Variant("8 restarts", restarts=8.0),
    Variant("no overshoot removal", events=0),
    Variant("overshoot removal at any distance", room=99.0),
    Variant("nine ratios", multiples=(1.0, 1.4, 1.8, 2.5, 3.5, 5.0, 8.0, 14.0, 25.0)),
    Variant("four ratios", multiples=(1.0, 2.0, 4.0, 12.0)),
)


def held_out() -> list[Cell]:
    """Cells that no constant was chosen on."""
    return [
        Cell(share, rate, weight, ratio)
        for share in (0.0005, 0.002, 0.006, 0.02)
        for rate in (30.0, 300.0)
        for weight in (0.02, 0.1, 0.35)
        for ratio in (1.7, 2.5, 4.0, 7.0, 15.0, 50.0)
    ]


@contextmanager
def in_force(variant: Variant) -> Iterator[None]:
    """The variant's constants while the block runs."""
    rest = (1.0 - variant.null) / (len(variant.multiples) - 1)
    prior = np.array([variant.null] + [rest] * (len(variant.multiples) - 1))
    changes: dict[Any, dict[str, Any]] = {
        vector: {"MULTIPLES": np.array(variant.multiples), "PRIOR": prior},
        const: {"BOOST_EVENTS": variant.events, "BOOST_ROOM": variant.room},
    }
    changes[const]["RESTARTS"] = variant.restarts
    with patch.multiple(vector, **changes[vector]), patch.multiple(const, **changes[const]):
        yield


Sample = tuple[Cell, Recordings, float]


def samples(cells: list[Cell]) -> list[Sample]:
    """Recordings with the yardstick's mean time, of the cells that can be decided at all."""
    found = []
    for cell in cells:
        if wald_bound(cell) < 2.0 * SECONDS:
            recordings = simulate(cell, RUNS)
            found.append((cell, recordings, _mean(peers.told(recordings, cell.ratio))))
    return found


def late(cells: list[Cell]) -> list[tuple[Cell, Recordings]]:
    """Healthy for 20 minutes, then bad."""
    found = []
    for cell in cells:
        if 20.0 <= wald_bound(cell) <= 600.0:
            good, bad = vector.sides(simulate(replace(cell, ratio=1.0), RUNS)), vector.sides(simulate(cell, RUNS))
            at = round(LATE / TICK)
            joined = [
                np.concatenate([a[:, :at], b[:, : a.shape[1] - at]], axis=1) for a, b in zip(good, bad, strict=True)
            ]
            found.append((cell, Recordings(joined[0], joined[1], joined[2], joined[3], TICK, cell.weight, 0.0, [])))
    return found


def measure(sets: list[list[Sample]], later: list[tuple[Cell, Recordings]]) -> list[float]:
    """Score and mean over Wald's bound of each set, then the mean delay of late faults over the bound."""
    figures: list[float] = []
    for found in sets:
        scores, over = [], []
        for cell, recordings, yardstick in found:
            mean = _mean(abort_times(recordings, Setting(1.0)))
            scores.append(np.log(yardstick / mean))
            if BOUND_CELLS[0] <= wald_bound(cell) <= BOUND_CELLS[1]:
                over.append(mean / wald_bound(cell))
        figures += [float(np.exp(np.mean(scores))), float(np.mean(over))]
    delays = []
    for cell, recordings in later:
        times = abort_times(recordings, Setting(1.0))
        delays.append((_mean(times[~(times <= LATE)]) - LATE) / wald_bound(cell))
    return [*figures, float(np.mean(delays))]


def _mean(times: vector.Floats) -> float:
    return float(np.where(np.isnan(times), SECONDS, times).mean())


@click.command()
def main() -> None:
    """Print a line for every variant."""
    sets = [samples(grid(BAD)), samples(held_out())]
    later = late(grid((3.0, 5.0, 10.0)))
    click.echo(f"{'':50} grid: score  /Wald   held out: score  /Wald   late: delay/Wald")
    for variant in VARIANTS:
        with in_force(variant):
            figures = measure(sets, later)
        texts = [f"{figure:{width}.3f}" for figure, width in zip(figures, (11, 7, 17, 7, 13), strict=True)]
        click.echo(f"{variant.name:50}{''.join(texts)}")


if __name__ == "__main__":
    main()
