"""Healthy releases that one weight and whole ticks cannot show, through the production function itself.

An objective that the serving version misses, at a switch after a minute of record; sides whose pods are scraped at
different moments; pods that differ, where counts by pod tell how far.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.rollout.analysis import Counts, Evidence, GuardrailCounts, Tick, Verdict, begin, next_step, observe
from slipway.rollout.analysis.rules import Known
from slipway.rollout.analysis.spread import widened

Sides = tuple[tuple[int, int], tuple[int, int]]
"""(total, bad) of the candidate and of the baseline."""


@dataclass(frozen=True, slots=True)
class Step:
    """`seconds` at `weight` percent."""

    weight: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Scene:
    """`draw` gives for one run what is known before, and the counts of every tick of all steps."""

    gate: str
    name: str
    draw: Callable[[np.random.Generator], tuple[Known, Iterator[Sides]]]
    steps: tuple[Step, ...]
    tick: float
    objective: float | None = None
    runs: float = field(default=1.0)
    """Runs, as a part of those of a gate."""


def abort_time(scene: Scene, run: int, tolerate: float) -> float:
    """Seconds until the abort of one rollout (nan: never)."""
    rng = np.random.default_rng([zlib.crc32(scene.name.encode()), run])
    known, sides = scene.draw(rng)
    guardrail = ErrorRatio(kind="error-ratio", name="errors", tolerate=tolerate, objective=scene.objective)
    evidence: Evidence = begin((guardrail,), Analysis(tick=scene.tick), known=known)
    began = 0.0
    for step in scene.steps:
        evidence = next_step(evidence) if began else evidence
        for index in range(round(step.seconds / scene.tick)):
            at = (index + 1) * scene.tick
            candidate, baseline = next(sides)
            counts = {"errors": GuardrailCounts(Counts(*candidate), Counts(*baseline))}
            evidence, decision = observe(evidence, Tick(began + at, at, scene.tick, step.weight, counts, {}))
            if decision.verdict is Verdict.FAIL:
                return began + at
        began += step.seconds
    return float("nan")


def missed_objective(share: float, rate: float) -> Scene:
    """The serving version has `share` of errors and the candidate too; the objective is 1%."""
    tick = 10.0

    def draw(rng: np.random.Generator) -> tuple[Known, Iterator[Sides]]:
        def ticks() -> Iterator[Sides]:
            for index in range(186):
                total = int(rng.poisson(rate * tick))
                side = (total, int(rng.binomial(total, share)))
                yield ((0, 0), side) if index < 6 else (side, (0, 0))

        return Known(), ticks()

    steps = (Step(0.0, 60.0), Step(100.0, 1800.0))
    return Scene("an objective missed", f"missed {share:g} {rate:g}/s", draw, steps, tick, objective=0.01)


def scraped_apart(share: float, apart: float, interval: float) -> Scene:
    """100 requests a second at 20%; the pod of each side is scraped every `interval`, `apart` from the other."""
    tick = 2.0

    def draw(rng: np.random.Generator) -> tuple[Known, Iterator[Sides]]:
        def side(rate: float, offset: float) -> Iterator[tuple[int, int]]:
            last, at = 0.0, 0.0
            while True:
                at += tick
                scrape = offset + (at - offset) // interval * interval
                total = int(rng.poisson(rate * (scrape - last))) if scrape > last else 0
                last = max(last, scrape)
                yield total, int(rng.binomial(total, share))

        return Known(), zip(side(20.0, 1.0), side(80.0, 1.0 + apart), strict=True)

    name = f"apart {share:g} {apart:g}s of {interval:g}s"
    return Scene("scraped at different moments", name, draw, (Step(20.0, 1200.0),), tick, runs=0.5)


def different_pods(variation: float, candidate: int, baseline: int) -> Scene:
    """Pods whose bad shares vary around 1%, 100 requests a second each; an hour of counts by pod is known."""
    tick, rate = 10.0, 100.0

    def draw(rng: np.random.Generator) -> tuple[Known, Iterator[Sides]]:
        shape = 1.0 / variation**2
        shares = np.minimum(0.5, 0.01 * rng.gamma(shape, 1.0 / shape, candidate + baseline))
        requests = round(60.0 * rate)
        past = [[(requests, bad) for bad in rng.binomial(requests, share, 60).tolist()] for share in shares[candidate:]]

        def ticks() -> Iterator[Sides]:
            while True:
                totals = rng.poisson(rate * tick, candidate + baseline)
                bads = rng.binomial(totals, shares)
                own, other = slice(0, candidate), slice(candidate, None)
                yield (
                    (int(totals[own].sum()), int(bads[own].sum())),
                    (int(totals[other].sum()), int(bads[other].sum())),
                )

        return Known(spread=widened({"errors": past}, candidate, {})), ticks()

    weight = 100.0 * candidate / (candidate + baseline)
    name = f"pods {variation:g} {candidate} of {candidate + baseline}"
    return Scene("pods that differ, counted by pod", name, draw, (Step(weight, 1200.0),), tick)


SCENES = (
    *(missed_objective(share, rate) for share, rate in ((0.015, 10.0), (0.02, 10.0), (0.05, 10.0), (0.015, 30.0))),
    *(scraped_apart(0.01, apart, interval) for apart, interval in ((7.0, 15.0), (7.0, 30.0), (17.0, 60.0))),
    *(different_pods(variation, *pods) for variation in (0.1, 0.3) for pods in ((2, 8), (5, 5))),
)
