"""`python -m bench.decisions.moments`: seconds from the first faulty response to the decision to abort.

The production function, a tick of 2 s, tolerate 1.1, alpha 1%; a fault of 5% unless it says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import click
import numpy as np

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.rollout.analysis import Counts, Evidence, GuardrailCounts, Tick, Verdict, begin, next_step, observe

TICK = 2.0
RUNS = 200
LONGEST = 600.0


@dataclass(frozen=True, slots=True)
class Moment:
    """`weight` in percent, `rate` requests a second; `recorded` seconds of a healthy canary at 5% before; `outage`
    seconds in which every request of both sides failed, after a minute at the weight and right before the fault."""

    name: str
    weight: float
    rate: float = 100.0
    bad: float = 0.05
    baseline: float = 0.001
    recorded: float = 0.0
    outage: float | None = None


MOMENTS = (
    Moment("at 5%, baseline without errors", 5.0, baseline=0.0),
    Moment("at 5%, baseline 0.1%", 5.0),
    Moment("at 5%, baseline 1%", 5.0, baseline=0.01),
    Moment("at 5%, 300 requests/s, baseline without errors", 5.0, rate=300.0, baseline=0.0),
    Moment("at 5%, 20% bad", 5.0, bad=0.2),
    Moment("at 5%, all bad", 5.0, bad=1.0),
    Moment("at 50%, baseline 0.1%", 50.0),
    Moment("at 80%, baseline 0.1%", 80.0),
    Moment("at 25%, 300 requests/s, after a minute", 25.0, rate=300.0, outage=0.0),
    Moment("at 25%, 300 requests/s, after an outage of 20 s", 25.0, rate=300.0, outage=20.0),
    Moment("at 25%, 300 requests/s, after an outage of 60 s", 25.0, rate=300.0, outage=60.0),
    Moment("at 98%, a minute recorded before", 98.0, recorded=60.0),
    Moment("begins at 100%, a minute recorded before", 100.0, recorded=60.0),
)


def _tick(
    rng: np.random.Generator, moment: Moment, weight: float, shares: tuple[float, float], at: float, in_step: float
) -> Tick:
    parts = (moment.rate * TICK * weight / 100.0, moment.rate * TICK * (1.0 - weight / 100.0))
    candidate, baseline = (
        Counts(total, int(rng.binomial(total, one)))
        for total, one in zip((int(rng.poisson(part)) for part in parts), shares, strict=True)
    )
    return Tick(at, in_step, TICK, weight, {"errors": GuardrailCounts(candidate, baseline)}, {})


def seconds(moment: Moment, seed: int) -> float | None:
    """From the first faulty response, taken in the middle of its tick, to the abort; None when it never came."""
    rng = np.random.default_rng(seed)
    guardrail = ErrorRatio(kind="error-ratio", name="errors", negligible=0.01)
    evidence: Evidence = begin((guardrail,), Analysis(tick=TICK))
    usual = moment.baseline
    at = began = 0.0
    for weight, shares, length in _before(moment):
        for index in range(round(length / TICK)):
            at += TICK
            evidence, _ = observe(evidence, _tick(rng, moment, weight, shares, at, (index + 1) * TICK))
        evidence = next_step(evidence) if weight != moment.weight else evidence
        began = at if weight != moment.weight else began
    fault, first = at, None
    while at - fault < LONGEST:
        at += TICK
        tick = _tick(rng, moment, moment.weight, (moment.bad, usual), at, at - began)
        if first is None and tick.counts["errors"].candidate.bad:
            first = at - TICK / 2.0
        evidence, decision = observe(evidence, tick)
        if decision.verdict is Verdict.FAIL:
            return at - (first if first is not None else at)
    return None


def _before(moment: Moment) -> list[tuple[float, tuple[float, float], float]]:
    """What comes before the fault: weight, bad shares, seconds."""
    healthy = (moment.baseline, moment.baseline)
    if moment.outage is not None:
        return [(moment.weight, healthy, 60.0), (moment.weight, (1.0, 1.0), moment.outage)]
    return [(5.0, healthy, moment.recorded)] if moment.recorded else []


@click.command()
def main() -> None:
    """Print median and 90th percentile for every moment."""
    for moment in MOMENTS:
        found = sorted(time if time is not None else LONGEST for time in (seconds(moment, run) for run in range(RUNS)))
        click.echo(f"{moment.name:50} median {median(found):5.1f} s, 90% within {found[int(0.9 * RUNS)]:5.1f} s")


if __name__ == "__main__":
    main()
