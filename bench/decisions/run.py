"""Runs every detector on every cell, a cell a task, on all the given processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from bench.decisions import peers, ramps, scenes, sticky
from bench.decisions.cells import BAD, GOOD, Cell, gates, grid
from bench.decisions.detectors import Detector, disagreements, is_own
from bench.decisions.recordings import simulate
from bench.decisions.score import Outcome, Row, outcome, row

TOLD = "told the ratio"
CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How many runs each kind of cell gets."""

    bad: int
    good: int
    gate: int
    sticky: int
    again: int
    """Fresh runs of a healthy cell whose rate was above alpha: they alone count then."""
    sticky_again: int
    scene: int = 1000
    scene_again: int = 4000
    ramp: int = 200


FULL = Plan(bad=1000, good=10_000, gate=4000, sticky=1000, again=50_000, sticky_again=4000)
QUICK = Plan(60, 200, 100, 20, again=400, sticky_again=20, scene=20, scene_again=20, ramp=3)


@dataclass(frozen=True, slots=True)
class Again:
    """A healthy cell near alpha: the first look, and the fresh runs that count."""

    cell: str
    first: Outcome
    second: Outcome


@dataclass(slots=True)
class Results:
    """By detector, then by cell; `wrong` counts runs that production decides otherwise, of `checked`."""

    bad: dict[str, dict[Cell, Outcome]] = field(default_factory=dict)
    good: dict[str, dict[Cell, Outcome]] = field(default_factory=dict)
    gates: dict[str, dict[str, dict[Cell, Outcome]]] = field(default_factory=dict)
    sticky: dict[str, dict[str, Outcome]] = field(default_factory=dict)
    scenes: dict[str, dict[str, list[Outcome]]] = field(default_factory=dict)
    ramps: list[ramps.Summary] = field(default_factory=list)
    sticky_requests: dict[str, float] = field(default_factory=dict)
    again: dict[str, list[Again]] = field(default_factory=dict)
    checked: int = 0
    wrong: int = 0

    def row(self, name: str) -> Row:
        """The summary of one detector."""
        return row(self.bad[name], self.bad[TOLD], self.good[name].values(), self._hard(name))

    def healthy(self, name: str) -> list[Outcome]:
        """One detector in all cells that it must leave alone."""
        return [*self.good[name].values(), *self._hard(name)]

    def _hard(self, name: str) -> list[Outcome]:
        hard = [result for gate in self.gates[name].values() for result in gate.values()]
        staged = [result for gate in self.scenes.get(name, {}).values() for result in gate]
        return hard + staged + list(self.sticky.get(name, {}).values())


@dataclass(slots=True)
class CellResult:
    """What every detector did in one cell."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    again: dict[str, Again] = field(default_factory=dict)
    checked: int = 0
    wrong: int = 0


def _cell(detectors: Sequence[Detector], runs: int, again: int, job: tuple[str, Cell]) -> tuple[str, Cell, CellResult]:
    kind, cell = job
    recordings, found = simulate(cell, runs), CellResult()
    for detector in detectors:
        if kind != "bad" and cell.ratio > detector.tolerate:
            continue
        own = recordings.take(slice(0, detector.most)) if detector.most < runs else recordings
        times = detector.detect(own)
        first = found.outcomes[detector.name] = outcome(times)
        if kind != "bad" and first.doubtful and detector.most >= runs:
            second = found.outcomes[detector.name] = fresh(detector, cell, again)
            found.again[detector.name] = Again(cell.name, first, second)
        found.checked += min(detector.checked, len(own))
        found.wrong += disagreements(own, times, detector.tolerate, detector.checked) if detector.checked else 0
    if kind == "bad":
        found.outcomes[TOLD] = outcome(peers.told(recordings, cell.ratio))
    return kind, cell, found


def fresh(detector: Detector, cell: Cell, runs: int) -> Outcome:
    """Runs of a healthy cell other than those of the first look, each chunk of them with a history of its own."""
    sizes = [min(CHUNK, runs - at) for at in range(0, runs, CHUNK)]
    chunks = (simulate(cell, size, salt=salt) for salt, size in enumerate(sizes, 1))
    return outcome(np.concatenate([detector.detect(chunk) for chunk in chunks]))


SingleResult = tuple[str, str, Outcome, Again | None]


def _measure(name: str, time: Callable[[int], float], runs: int, fresh_runs: int) -> tuple[Outcome, Again | None]:
    """Runs one by one; fresh ones where the first are near alpha."""

    def measure(first: int, number: int) -> Outcome:
        return outcome(np.array([time(run) for run in range(first, first + number)]))

    found = measure(0, runs)
    if not found.doubtful:
        return found, None
    second = measure(runs, fresh_runs)
    return second, Again(name, found, second)


def _clients(plan: Plan, job: tuple[sticky.Population, str, float]) -> tuple[SingleResult, float]:
    population, name, tolerate = job
    time = partial(sticky.first_failure_time, population, tolerate=tolerate)
    found, again = _measure(f"sticky, {population.name}", time, plan.sticky, plan.sticky_again)
    requests = sticky.request_test_aborts(population, min(plan.sticky, 200), tolerate)
    return (population.name, name, found, again), requests


def _scene(plan: Plan, job: tuple[int, str, float]) -> SingleResult:
    place, name, tolerate = job
    scene = scenes.SCENES[place]
    runs, more = (max(1, round(scene.runs * number)) for number in (plan.scene, plan.scene_again))
    found, again = _measure(scene.name, partial(scenes.abort_time, scene, tolerate=tolerate), runs, more)
    return scene.gate, name, found, again


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
    own = [(d.name, d.tolerate) for d in detectors if is_own(d.name)]
    client_jobs = [(population, name, tolerate) for population in sticky.POPULATIONS for name, tolerate in own]
    scene_jobs = [(place, name, tolerate) for place in range(len(scenes.SCENES)) for name, tolerate in own]
    ramp_jobs = ramps.PLANS if own else ()
    total, done = len(jobs) + len(client_jobs) + len(scene_jobs) + len(ramp_jobs), 0

    def tell(what: str) -> None:
        nonlocal done
        done += 1
        progress(done, total, what)

    context = multiprocessing.get_context("fork")
    with context.Pool(processes) as pool:
        for size, chosen in _sizes(plan, jobs):
            for kind, cell, result in pool.imap_unordered(partial(_cell, detectors, size, plan.again), chosen):
                _keep(results, kind, cell, result)
                tell(f"{kind}: {cell.name}")
        for (population, name, aborts, again), requests in pool.imap_unordered(partial(_clients, plan), client_jobs):
            results.sticky.setdefault(name, {})[population] = aborts
            results.again.setdefault(name, []).extend([again] if again else [])
            results.sticky_requests[f"{name} {population}"] = requests
            tell(f"sticky: {population}")
        for gate, name, aborts, again in pool.imap_unordered(partial(_scene, plan), scene_jobs):
            results.scenes.setdefault(name, {}).setdefault(gate, []).append(aborts)
            results.again.setdefault(name, []).extend([again] if again else [])
            tell(gate)
        for summary in pool.imap(partial(ramps.summary, runs=plan.ramp), ramp_jobs):
            results.ramps.append(summary)
            tell("ramps")
    return results


def _sizes(plan: Plan, jobs: list[tuple[str, Cell]]) -> list[tuple[int, list[tuple[str, Cell]]]]:
    return [
        (plan.bad, [job for job in jobs if job[0] == "bad"]),
        (plan.good, [job for job in jobs if job[0] == "good"]),
        (plan.gate, [job for job in jobs if job[0] not in ("bad", "good")]),
    ]


def _keep(results: Results, kind: str, cell: Cell, result: CellResult) -> None:
    results.checked += result.checked
    results.wrong += result.wrong
    for name, again in result.again.items():
        results.again.setdefault(name, []).append(again)
    for name, own in result.outcomes.items():
        if kind == "bad":
            results.bad[name][cell] = own
        elif kind == "good":
            results.good[name][cell] = own
        else:
            results.gates[name].setdefault(kind, {})[cell] = own
