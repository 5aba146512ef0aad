"""Sticky clients: a client stays on one side, so its errors are not independent of each other.

Populations of clients with heavy-tailed request rates and error propensities go through a ramp with one salt. The
first-failure test is called through the public function of production; the request test, on the same clients,
shows what stickiness does to it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.decisions.recordings import Recordings
from bench.decisions.vector import Floats, Setting, abort_times
from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import ClientFailures
from slipway.rollout.analysis import Counts, GuardrailCounts, Tick, Verdict, begin, next_step, observe

RAMP = ((0.05, 1200.0), (0.2, 1200.0), (0.5, 1200.0))
TICK = 10.0
CLIENTS = 4000
RATE = 100.0


@dataclass(frozen=True, slots=True)
class Population:
    """Draws each client's requests a second and bad share: arrays of CLIENTS."""

    name: str
    draw: Callable[[np.random.Generator], tuple[Floats, Floats]]


def _rates(rng: np.random.Generator, tail: float) -> Floats:
    raw = rng.pareto(tail, CLIENTS) + 0.01
    return np.asarray(RATE * raw / raw.sum())


def _even(rng: np.random.Generator) -> tuple[Floats, Floats]:
    return np.full(CLIENTS, RATE / CLIENTS), np.full(CLIENTS, 0.005)


def _heavy(rng: np.random.Generator) -> tuple[Floats, Floats]:
    return _rates(rng, 1.1), np.full(CLIENTS, 0.005)


def _few_broken(rng: np.random.Generator) -> tuple[Floats, Floats]:
    shares = np.full(CLIENTS, 0.001)
    shares[rng.random(CLIENTS) < 0.01] = 0.5
    return _rates(rng, 1.3), shares


def _one_quarter(rng: np.random.Generator) -> tuple[Floats, Floats]:
    rates, shares = np.full(CLIENTS, RATE / CLIENTS), np.full(CLIENTS, 0.003)
    rates[0], shares[0] = 1.0, 0.1
    return rates, shares


POPULATIONS = (
    Population("even", _even),
    Population("heavy-tailed rates", _heavy),
    Population("a few broken clients", _few_broken),
    Population("one client with a quarter of all errors", _one_quarter),
)


Ramp = tuple[tuple[float, float], ...]
"""Steps: weight as a fraction, and seconds."""


def first_failure_time(
    population: Population, run: int, tolerate: float, ratio: float = 1.0, ramp: Ramp = RAMP
) -> float:
    """Seconds until the abort of one rollout (nan: never), candidates failing `ratio` times as often."""
    rng = np.random.default_rng([zlib.crc32(population.name.encode()), run])
    rates, shares = population.draw(rng)
    hashes = rng.random(CLIENTS)
    guardrail = ClientFailures(kind="client-failures", name="clients", tolerate=tolerate)
    evidence = begin((guardrail,), Analysis(tick=TICK))
    began = 0.0
    for weight, seconds in ramp:
        candidate = hashes < weight
        times = rng.exponential(1.0, CLIENTS) / (rates * shares * np.where(candidate, ratio, 1.0))
        for index, failures in enumerate(_by_tick(times, candidate, seconds)):
            at = (index + 1) * TICK
            new = (int(candidate.sum()), int((~candidate).sum())) if index == 0 else (1, 1)
            counts = GuardrailCounts(Counts(new[0], 0), Counts(new[1], 0), first_failures=failures)
            tick = Tick(began + at, at, TICK, weight * 100.0, {"clients": counts}, {})
            evidence, decision = observe(evidence, tick)
            if decision.verdict is Verdict.FAIL:
                return began + at
        began += seconds
        evidence = next_step(evidence)
    return float("nan")


def _by_tick(times: Floats, candidate: NDArray[np.bool_], seconds: float) -> list[tuple[tuple[str, bool], ...]]:
    ticks: list[list[tuple[str, bool]]] = [[] for _ in range(round(seconds / TICK))]
    for client in np.argsort(times):
        if times[client] >= seconds:
            break
        ticks[int(times[client] // TICK)].append((f"{client:x}", bool(candidate[client])))
    return [tuple(failures) for failures in ticks]


def request_test_aborts(population: Population, runs: int, tolerate: float) -> float:
    """Share of healthy rollouts at 20% for an hour that the request test would abort among these clients."""
    rng = np.random.default_rng(zlib.crc32(population.name.encode()))
    ticks, weight = round(3600.0 / TICK), 0.2
    sides: list[list[NDArray[np.int64]]] = [[], [], [], []]
    for _ in range(runs):
        rates, shares = population.draw(rng)
        candidate = rng.random(CLIENTS) < weight
        for place, which in ((0, candidate), (2, ~candidate)):
            sides[place].append(rng.poisson(TICK * rates[which].sum(), ticks))
            sides[place + 1].append(rng.poisson(TICK * (rates * shares)[which].sum(), ticks))
    total_c, bad_c, total_b, bad_b = (np.array(side) for side in sides)
    recordings = Recordings(
        total_c, np.minimum(bad_c, total_c), total_b, np.minimum(bad_b, total_b), TICK, weight, 0.0, []
    )
    return float(np.mean(~np.isnan(abort_times(recordings, Setting(tolerate)))))
