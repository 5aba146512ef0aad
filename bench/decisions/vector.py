"""The abort test of production for many runs at once, in numpy.

Only a faster way to compute what `slipway.rollout.analysis.observe` computes for one error-ratio guardrail beside a
baseline with a bad share below 10%: `tests/unit/bench/decisions/test_vector.py` shows that both agree tick by tick on
random recordings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.decisions.recordings import Counts, Recordings
from slipway.rollout.analysis import constants as const

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
MULTIPLES = np.array(const.MULTIPLES)
PRIOR = np.array(const.PRIOR)


@dataclass(slots=True)
class Runs:
    """What is remembered of the runs that are still undecided."""

    log: Floats
    weights: Floats
    warm: Flags
    pending: Floats
    """Counts that wait for the other side, in the order of `sides`, and their seconds: shape (5, runs)."""
    pending_warm: Flags

    def keep(self, which: Flags) -> Runs:
        """Only some of the runs."""
        return Runs(
            self.log[which], self.weights[which], self.warm[which], self.pending[:, which], self.pending_warm[which]
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """The declared settings of the detector."""

    tolerate: float
    alpha: float = 0.01
    horizon: float = 3600.0
    phi: float = 1.0

    @property
    def prior(self) -> Floats:
        """The weights that every run starts with."""
        return PRIOR


def abort_times(recordings: Recordings, setting: Setting) -> Floats:
    """Seconds until each run is aborted; nan for those that never are."""
    runs, ticks = recordings.candidate_total.shape
    times = np.full(runs, np.nan)
    alive = np.arange(runs)
    state = fresh(runs, setting)
    first = np.argmax(recordings.candidate_total > 0, axis=1)
    for tick in range(ticks):
        if not alive.size:
            break
        ended = (tick + 1 - first[alive]) * recordings.tick
        warm = (ended <= recordings.warm_up) if recordings.warm_up else np.zeros(alive.size, dtype=bool)
        step(state, [side[alive, tick] for side in sides(recordings)], warm, recordings.tick, setting)
        done = state.log >= -np.log(setting.alpha)
        if done.any():
            times[alive[done]] = (tick + 1) * recordings.tick
            alive, state = alive[~done], state.keep(~done)
    return times


def sides(recordings: Recordings) -> tuple[Counts, Counts, Counts, Counts]:
    """Candidate total and bad, baseline total and bad."""
    return (
        recordings.candidate_total,
        recordings.candidate_bad,
        recordings.baseline_total,
        recordings.baseline_bad,
    )


def fresh(runs: int, setting: Setting) -> Runs:
    """No evidence yet."""
    none = np.zeros(runs, dtype=bool)
    return Runs(np.zeros(runs), np.tile(setting.prior, (runs, 1)), none, np.zeros((5, runs)), none.copy())


def gather(pending: Floats, counts: Floats) -> tuple[Floats, Flags, Floats]:
    """`slipway.rollout.analysis.gather` for many runs: what there is to bet on, where it is complete, what waits on.
    Rows are those of `sides` and the seconds."""
    found = pending + counts
    both = ((found[0] > 0) | (found[1] > 0)) & (found[2] > 0)
    complete = both | (found[4] >= const.PENDING_SECONDS)
    return found, complete, np.where(complete, 0.0, found)


def gathered(recordings: Recordings) -> tuple[Floats, ...]:
    """The counts of all ticks, those of one side only added to the next tick in which both have some."""
    runs, ticks = recordings.candidate_total.shape
    result, pending = np.zeros((4, runs, ticks)), np.zeros((5, runs))
    for tick in range(ticks):
        counts = np.array([*(side[:, tick] for side in sides(recordings)), np.full(runs, recordings.tick)])
        found, complete, pending = gather(pending, counts)
        result[:, :, tick] = np.where(complete, found[:4], 0.0)
    return tuple(result)


def step(state: Runs, columns: list[Counts], warm: Flags, length: float, setting: Setting) -> None:
    """One tick of all runs, in place; `columns` are those of `sides`."""
    counts = np.array([*(column.astype(float) for column in columns), np.full(len(state.log), length)])
    dropped = (state.pending[4] > 0) & (state.pending_warm != warm)
    block, complete, state.pending = gather(np.where(dropped, 0.0, state.pending), counts)
    state.pending_warm = warm.copy()
    candidate, bad, baseline, other, seconds = block
    seen = complete & ((candidate > 0) | (bad > 0))
    state.weights[seen & (warm != state.warm)] = setting.prior
    state.warm = np.where(seen, warm, state.warm)
    rho0 = np.where(warm, const.WARM_UP_RATIO, setting.tolerate)
    if setting.phi > 1.0:
        logs = _share_bets(rho0, candidate, bad, baseline, bad + other)
    else:
        logs = _logs(rho0, candidate, bad, baseline, bad + other)
    top = logs.max(axis=1)
    parts = state.weights * np.exp(logs - top[:, None])
    total = parts.sum(axis=1)
    growth, weights = top + np.log(total), parts / total[:, None]
    if setting.phi <= 1.0:
        room = -np.log(setting.alpha) - state.log
        where = np.flatnonzero((bad + other > 0) & seen & ~warm & (baseline > 0) & (candidate > 0) & (growth < room))
        args = [values[where] for values in (candidate, baseline, bad + other, room)]
        growth[where] += boosts(state.weights[where], setting.tolerate, *args)
    eps = np.minimum(0.5, const.RESTARTS * seconds / setting.horizon)[:, None]
    state.log = np.where(seen, np.minimum(700.0, state.log + growth), state.log)
    state.weights = np.where(seen[:, None], (1.0 - eps) * weights + eps * setting.prior, state.weights)


def _logs(rho0: Floats, candidate: Floats, bad: Floats, baseline: Floats, both: Floats) -> Floats:
    base = rho0 * candidate + baseline
    scale = rho0[:, None] * MULTIPLES * candidate[:, None] + baseline[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = bad[:, None] * np.log(MULTIPLES) + both[:, None] * np.log(base[:, None] / scale)
    return np.where(((both > 0) & (baseline > 0))[:, None], logs, 0.0)


def _share_bets(rho0: Floats, candidate: Floats, bad: Floats, baseline: Floats, both: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        own = rho0[:, None] * MULTIPLES * candidate[:, None]
        theta = own / (own + baseline[:, None])
        theta0, y = theta[:, :1], (bad / both)[:, None]
        logs = np.log(np.maximum(1e-12, (1.0 - y) * (1.0 - theta) / (1.0 - theta0) + y * theta / theta0))
    return np.where(((both > 0) & (baseline > 0))[:, None], logs, 0.0)


def boosts(weights: Floats, rho0: float, candidate: Floats, baseline: Floats, both: Floats, room: Floats) -> Floats:
    """`slipway.rollout.analysis.overshoot.boost` for many runs: log b of each."""
    result = np.zeros(len(both))
    fits = (
        (both <= const.BOOST_EVENTS) & (room <= const.BOOST_ROOM) & (both <= const.BOOST_SHARE * (candidate + baseline))
    )
    scale = rho0 * candidate + baseline
    base = scale[:, None] / (rho0 * MULTIPLES * candidate[:, None] + baseline[:, None])
    with np.errstate(all="ignore"):
        parts = weights * base ** both[:, None]
        cap = np.exp(room)
        chance = (1.0 - rho0 * candidate / scale) ** both
        fits &= ((parts * MULTIPLES ** both[:, None]).sum(axis=1) > cap) & (chance > 0.0)
    where = np.flatnonzero(fits)
    if where.size:
        odds = (rho0 * candidate / baseline)[where]
        result[where] = _solve(parts[where], odds, chance[where], both[where], cap[where])
    return result


def _solve(parts: Floats, odds: Floats, chance: Floats, both: Floats, cap: Floats) -> Floats:
    values, masses, spents = [], [np.zeros(len(cap))], [np.zeros(len(cap))]
    cut = np.full(len(cap), -1)
    for outcome in range(int(both.max()) + 1):
        value = parts.sum(axis=1)
        values.append(value)
        cut[(cut < 0) & (value >= cap)] = outcome
        if (cut >= 0).all():
            break
        masses.append(masses[-1] + chance)
        spents.append(spents[-1] + chance * value)
        chance = chance * np.maximum(0.0, odds * (both - outcome) / (outcome + 1))
        parts = parts * MULTIPLES
    table = [np.array(rows) for rows in (values, masses, spents)]
    return _lower(cut, cap, *table)


def _lower(cut: NDArray[np.int64], cap: Floats, values: Floats, masses: Floats, spents: Floats) -> Floats:
    result = np.zeros(len(cap))
    open_ = np.flatnonzero(cut > 0)
    while open_.size:
        at = cut[open_]
        spent = spents[at, open_]
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = (1.0 - cap[open_] * np.maximum(0.0, 1.0 - masses[at, open_])) / spent
        factor = np.where(spent > 0.0, factor, 1.0)
        fine = factor * values[at - 1, open_] <= cap[open_]
        result[open_[fine]] = np.log(np.maximum(1.0, factor[fine]))
        cut[open_] -= 1
        open_ = open_[~fine & (cut[open_] > 0)]
    return result
