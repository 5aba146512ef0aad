"""How often a healthy release is stopped by its watch, and how soon a fault is found: `python -m bench.watches [RUNS]`.

100 requests a second, 0.1% of them bad, looked at every 2 s, in watches of a day every 10 s; of falseAbort 1% the watch
has its default part. The decision is that of `slipway.rollout.analysis.watching` for many watches at once
(`tests/unit/bench/test_watches.py` shows that both agree). Of a healthy release RUNS watches of 24 hours are simulated,
of each fault half as many. Writes out/bench/watches.json.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.decisions.recordings import Counts
from bench.decisions.vector import PRIOR, Runs, Setting, fresh, step
from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.watch import PART
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.likelihood import odds_multiples
from slipway.rollout.analysis.watching import STRETCH, part_of, stretches

RATE, USUAL, TICK, LONG_TICK, TOLERATE = 100.0, 0.001, 2.0, 10.0, 1.1
ALPHA = PART * Analysis().false_abort
RUNS, HOUR, DAY = 2000, 3600.0, 86400.0
OUT = Path("out/bench/watches.json")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """Watches of `lasts` seconds. The release fails `share` of its requests from `since` on; `holdback` is the part of
    the traffic that the standby has, None where `objective` is judged."""

    name: str
    lasts: float
    share: float = USUAL
    since: float = 0.0
    holdback: float | None = 0.02
    objective: float = 0.005
    rate: float = RATE
    usual: float = USUAL

    @property
    def healthy(self) -> bool:
        """Whether it is no worse than tolerated all the time."""
        return self.share <= TOLERATE * self.usual

    @property
    def tick(self) -> float:
        """Seconds between two looks."""
        return TICK if self.lasts <= HOUR else LONG_TICK


class Watches:
    """Many watches at once, in the order in which they were begun; those that have ended are taken out."""

    def __init__(self, runs: int, case: Case, alpha: float = ALPHA) -> None:
        self._case, self._alpha = case, alpha
        self._setting = Setting(TOLERATE, horizon=min(case.lasts, STRETCH))
        self._state = fresh(runs, self._setting)
        self._count = stretches(case.lasts)
        self._limits = np.array([-np.log(alpha * part_of(k, self._count)) for k in range(self._count)])
        self._stretch = np.zeros(runs, dtype=np.int64)
        self._began = np.zeros(runs)

    @property
    def evidence(self) -> Floats:
        """Its logarithm."""
        return self._state.log

    @property
    def stretch(self) -> NDArray[np.int64]:
        """The stretch of each watch."""
        return self._stretch

    def look(self, at: float, length: float, columns: list[Counts]) -> NDArray[np.bool_]:
        """Which are breached by the counts of a window that ends at `at`: those of the candidate, and of the standby,
        each total and bad."""
        self._next_stretch(at - length)
        for stretch in np.unique(self._stretch):
            which = np.asarray(self._stretch == stretch)
            alpha = self._alpha * part_of(int(stretch), self._count)
            part = self._state.keep(which)
            mine = [column[which] for column in columns]
            if self._case.holdback is None:
                _absolute(part, self._case.objective, mine, length, self._setting)
            else:
                step(part, mine, np.zeros(int(which.sum()), dtype=bool), length, replace(self._setting, alpha=alpha))
            self._put(which, part)
        return np.asarray(self._state.log >= self._limits[self._stretch])

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Only some of them."""
        self._state = self._state.keep(which)
        self._stretch, self._began = self._stretch[which], self._began[which]

    def _next_stretch(self, begins: float) -> None:
        over = (begins >= self._began + STRETCH) & (self._stretch + 1 < self._count) & (self._state.log <= 0.0)
        self._stretch[over] += 1
        self._began[over] = begins
        self._state.log[over] = 0.0
        self._state.weights[over] = PRIOR
        self._state.pending[:, over] = 0.0

    def _put(self, which: NDArray[np.bool_], part: Runs) -> None:
        self._state.log[which], self._state.weights[which] = part.log, part.weights
        self._state.warm[which] = part.warm
        self._state.pending[:, which], self._state.pending_warm[which] = part.pending, part.pending_warm


def _absolute(state: Runs, null: float, columns: list[Counts], length: float, setting: Setting) -> None:
    """One look against a bound, in place."""
    total, bad = columns[0].astype(float), columns[1].astype(float)
    shares = np.array(odds_multiples(null, list(const.MULTIPLES)))
    gains, losses = np.log(shares / null), np.log((1.0 - shares) / (1.0 - null))
    logs = bad[:, None] * gains + (total - bad)[:, None] * losses
    top = logs.max(axis=1)
    parts = state.weights * np.exp(logs - top[:, None])
    sums = parts.sum(axis=1)
    eps = min(0.5, const.RESTARTS * length / setting.horizon)
    seen = total > 0
    state.log = np.where(seen, np.minimum(700.0, state.log + top + np.log(sums)), state.log)
    spread = (1.0 - eps) * parts / sums[:, None] + eps * PRIOR
    state.weights = np.where(seen[:, None], spread, state.weights)


def breached(case: Case, runs: int, seed: int = 1) -> Floats:
    """Seconds from the beginning of the fault to the breach; nan for watches that end without one."""
    dice, watches = np.random.default_rng(seed), Watches(runs, case)
    times, alive = np.full(runs, np.nan), np.arange(runs)
    held = case.holdback or 0.0
    for tick in range(1, round(case.lasts / case.tick) + 1):
        at = tick * case.tick
        share = case.share if at > case.since else case.usual
        own = dice.poisson(case.rate * case.tick * (1.0 - held), alive.size)
        other = dice.poisson(case.rate * case.tick * held, alive.size)
        columns = [own, dice.binomial(own, share), other, dice.binomial(other, case.usual)]
        done = watches.look(at, case.tick, columns)
        if done.any():
            times[alive[done]] = at - case.since
            alive = alive[~done]
            watches.keep(~done)
            if not alive.size:
                break
    return times


def row(case: Case, runs: int) -> dict[str, object]:
    """What there is to say of a case: how many were stopped, how many before the fault, and how soon after it."""
    times = breached(case, runs)
    stopped = times[~np.isnan(times)]
    after = stopped[stopped > 0.0]
    return {
        "case": case.name,
        "runs": runs,
        "stopped": int(stopped.size) if case.healthy else int(after.size),
        "before": int((stopped <= 0.0).sum()),
        "median": float(np.median(after)) if after.size and not case.healthy else None,
        "p90": float(np.quantile(after, 0.9)) if after.size and not case.healthy else None,
    }


HEALTHY = (
    Case("healthy, 24h, hold-back 2%", DAY),
    Case("healthy, 24h, hold-back 5%", DAY, holdback=0.05),
    Case("as bad as tolerated (1.1x), 24h, hold-back 2%", DAY, share=TOLERATE * USUAL),
    Case("healthy at the bound, 24h, objective 0.5%", DAY, holdback=None, usual=0.005, share=0.005),
)
"""The last two have exactly what is still acceptable, which is the worst that a healthy release can have."""


SIDES = (("hold-back 2%", 0.02), ("hold-back 5%", 0.05), ("objective 0.5%", None))
TIMES = ((0.05, HOUR, 0.0), (0.05, HOUR, 1200.0), (0.05, DAY, 12 * HOUR), (0.01, HOUR, 0.0))
"""Bad share, length of the watch, and when the fault begins."""


def faults() -> list[Case]:
    """Faults of 5% and 1%, from the commit on and later."""
    found = []
    for share, lasts, since in TIMES:
        for sides, held in SIDES:
            name = f"{share:.0%} bad after {since / 60:.0f}min of {lasts / HOUR:.0f}h, {sides}"
            found.append(Case(name, lasts, share, since, held))
    return found


def main(arguments: list[str]) -> None:
    """Print a table and write it."""
    runs = int(arguments[0]) if arguments else RUNS
    rows = []
    for case, count in [(case, runs) for case in HEALTHY] + [(case, max(1, runs // 2)) for case in faults()]:
        rows.append(row(case, count))
        print(json.dumps(rows[-1]), flush=True)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
