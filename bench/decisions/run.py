"""Runs every detector on every cell, a cell a task, on all the given processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from bench.decisions import peers, sticky
from bench.decisions.cells import BAD, GOOD, Cell, gates, grid
from bench.decisions.detectors import Detector, disagreements
from bench.decisions.recordings import simulate
from bench.decisions.score import Outcome, Row, outcome, row

TOLD = "told the ratio"


@dataclass(frozen=True, slots=True)
class Plan:
    """How many runs each kind of cell gets."""

    bad: int
    good: int
    gate: int
    sticky: int


FULL = Plan(bad=1000, good=10_000, gate=4000, sticky=600)
QUICK = Plan(bad=60, good=200, gate=100, sticky=20)


@dataclass(slots=True)
class Results:
    """By detector, then by cell; `wrong` counts runs that production decides otherwise, of `checked`."""

    bad: dict[str, dict[Cell, Outcome]] = field(default_factory=dict)
    good: dict[str, dict[Cell, Outcome]] = field(default_factory=dict)
    gates: dict[str, dict[str, dict[Cell, Outcome]]] = field(default_factory=dict)
    sticky: dict[str, dict[str, Outcome]] = field(default_factory=dict)
    sticky_requests: dict[str, float] = field(default_factory=dict)
    checked: int = 0
    wrong: int = 0

    def row(self, name: str) -> Row:
        """The summary of one detector."""
        hard = [result for gate in self.gates[name].values() for result in gate.values()]
        hard += list(self.sticky.get(name, {}).values())
        return row(self.bad[name], self.bad[TOLD], self.good[name].values(), hard)


CellResult = tuple[dict[str, Outcome], int, int]


def _cell(detectors: Sequence[Detector], runs: int, job: tuple[str, Cell]) -> tuple[str, Cell, CellResult]:
    kind, cell = job
    recordings = simulate(cell, runs)
    results, checked, wrong = {}, 0, 0
    for detector in detectors:
        if kind != "bad" and cell.ratio > detector.tolerate:
            continue
        own = recordings.take(slice(0, detector.most)) if detector.most < runs else recordings
        times = detector.detect(own)
        results[detector.name] = outcome(times)
        checked += min(detector.checked, len(own))
        wrong += disagreements(own, times, detector.tolerate, detector.checked) if detector.checked else 0
    if kind == "bad":
        results[TOLD] = outcome(peers.told(recordings, cell.ratio))
    return kind, cell, (results, checked, wrong)


def _clients(runs: int, job: tuple[sticky.Population, str, float]) -> tuple[str, str, Outcome, float]:
    population, name, tolerate = job
    times = np.array([sticky.first_failure_time(population, run, tolerate) for run in range(runs)])
    return population.name, name, outcome(times), sticky.request_test_aborts(population, min(runs, 200), tolerate)


def everything(
    detectors: Sequence[Detector], plan: Plan, processes: int, progress: Callable[[int, int, str], None]
) -> Results:
    """All cells. `progress` is called with done, all, and what was just done."""
    results = Results()
    for detector in detectors:
        results.bad[detector.name], results.good[detector.name], results.gates[detector.name] = {}, {}, {}
    results.bad[TOLD] = {}
    jobs = [("bad", cell) for cell in grid(BAD)] + [("good", cell) for cell in grid(GOOD)]
    jobs += [(gate, cell) for gate, cells in gates().items() for cell in cells]
    own = [(d.name, d.tolerate) for d in detectors if d.name.startswith("slipway")]
    client_jobs = [(population, name, tolerate) for population in sticky.POPULATIONS for name, tolerate in own]
    total, done = len(jobs) + len(client_jobs), 0
    context = multiprocessing.get_context("fork")
    with context.Pool(processes) as pool:
        for size, chosen in _sizes(plan, jobs):
            for kind, cell, result in pool.imap_unordered(partial(_cell, detectors, size), chosen):
                _keep(results, kind, cell, result)
                done += 1
                progress(done, total, f"{kind}: {cell.name}")
        for population, name, result_, requests in pool.imap_unordered(partial(_clients, plan.sticky), client_jobs):
            results.sticky.setdefault(name, {})[population] = result_
            results.sticky_requests[f"{name} {population}"] = requests
            done += 1
            progress(done, total, f"sticky: {population}")
    return results


def _sizes(plan: Plan, jobs: list[tuple[str, Cell]]) -> list[tuple[int, list[tuple[str, Cell]]]]:
    return [
        (plan.bad, [job for job in jobs if job[0] == "bad"]),
        (plan.good, [job for job in jobs if job[0] == "good"]),
        (plan.gate, [job for job in jobs if job[0] not in ("bad", "good")]),
    ]


def _keep(results: Results, kind: str, cell: Cell, result: CellResult) -> None:
    outcomes, checked, wrong = result
    results.checked += checked
    results.wrong += wrong
    for name, own in outcomes.items():
        if kind == "bad":
            results.bad[name][cell] = own
        elif kind == "good":
            results.good[name][cell] = own
        else:
            results.gates[name].setdefault(kind, {})[cell] = own
