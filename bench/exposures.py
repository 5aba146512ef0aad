"""How often a healthy exposure of a flag is stopped, and how soon a bad one is: `python -m bench.exposures [RUNS]`.

Users with a key stay on their side while the exposure grows from 1% to half of them, and the first-failure test of
production judges them. Writes out/bench/exposures.json.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from statistics import median

from bench.decisions.sticky import POPULATIONS, Population, Ramp, first_failure_time

RAMP: Ramp = ((0.01, 600.0), (0.05, 600.0), (0.25, 600.0), (0.5, 600.0))
TOLERATE = 1.1
RUNS = 1000
RATIOS = (5.0, 20.0)
OUT = Path("out/bench/exposures.json")


def stopped(population: Population, runs: int, ratio: float = 1.0) -> list[float]:
    """Seconds after which exposures were stopped, of those that were; the variant fails `ratio` times as often."""
    times = (first_failure_time(population, run, TOLERATE, ratio, RAMP) for run in range(runs))
    return [time for time in times if not math.isnan(time)]


def row(population: Population, runs: int) -> dict[str, object]:
    """One population: healthy exposures that were stopped, and the times of bad ones."""
    bad = {f"{ratio:g}x": stopped(population, max(1, runs // 10), ratio) for ratio in RATIOS}
    return {
        "population": population.name,
        "runs": runs,
        "healthyStopped": len(stopped(population, runs)) / runs,
        "medianSeconds": {name: median(times) if times else None for name, times in bad.items()},
        "badStopped": {name: len(times) / max(1, runs // 10) for name, times in bad.items()},
    }


def main(arguments: list[str]) -> None:
    """Print a table and write it."""
    runs = int(arguments[0]) if arguments else RUNS
    rows = [row(population, runs) for population in POPULATIONS]
    for one in rows:
        print(json.dumps(one))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
