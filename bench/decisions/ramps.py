"""Whole rollouts through the production function: when healthy releases complete, how many end undecided, and what bad
ones cost. `python -m bench.decisions.ramps` prints them alone."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

import click
import numpy as np

from slipway.release.manifest.analysis import Analysis, ExpectedTraffic
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.release.manifest.plan import PlannedStep
from slipway.rollout.analysis import Counts, GuardrailCounts, Tick, Verdict, begin, next_step, observe
from slipway.rollout.analysis.foresight import foresee
from slipway.rollout.analysis.rules import Known

WEIGHTS = (10.0, 20.0, 30.0, 40.0, 50.0, 100.0)
BAKE = 60.0
TICK = 2.0
HORIZON = 3600.0
FROM_START, FROM_LAST = 0, 4
"""The step that a fault begins with: the first one, or the last one beside a baseline."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`rate` requests a second of which `share` are bad; the candidate's are `ratio` times as bad from the step `since`
    on. `negligible` and `harm` are what is declared."""

    rate: float
    share: float
    negligible: float
    ratio: float = 1.0
    since: int = FROM_START
    harm: float = 10.0

    @property
    def name(self) -> str:
        """Unique but for `harm`, and the seed of the data: the same for every harm."""
        since = "" if self.ratio == 1.0 else f" x{self.ratio:g} from {WEIGHTS[self.since]:g}%"
        return f"{self.rate:g}/s {self.share:g} negligible {self.negligible:g}{since}"


@dataclass(frozen=True, slots=True)
class Summary:
    """Of many rollouts: parts that completed, were aborted or ended undecided; seconds of those that completed; failed
    requests too many, on average. `foreseen` is the chance of ending undecided that the plan says."""

    name: str
    harm: float
    runs: int
    completed: float
    aborted: float
    undecided: float
    foreseen: float
    median: float | None
    slowest_tenth: float | None
    failed: float

    def to_json(self) -> dict[str, Any]:
        """Rounded to what they are worth."""
        return {
            name: round(value, 4) if isinstance(value := getattr(self, name), float) else value
            for name in self.__dataclass_fields__
        }


def rollout(plan: Plan, run: int) -> tuple[str, float, float]:
    """How one ends (`completed`, `aborted` or `undecided`), when, and how many requests failed too many."""
    rng = np.random.default_rng([zlib.crc32(plan.name.encode()), run])
    guardrail = ErrorRatio(kind="error-ratio", name="errors", negligible=plan.negligible)
    evidence = begin((guardrail,), Analysis(tick=TICK, harm=plan.harm, horizon=HORIZON), known=Known(weights=WEIGHTS))
    at = failed = 0.0
    for number, weight in enumerate(WEIGHTS):
        evidence = next_step(evidence) if number else evidence
        share = min(1.0, plan.share * (plan.ratio if number >= plan.since else 1.0))
        in_step, passed = 0.0, False
        while not (passed and in_step >= BAKE):
            if in_step >= BAKE + HORIZON:
                return "undecided", at, failed
            at, in_step = at + TICK, in_step + TICK
            total, other = rng.poisson(plan.rate * TICK * np.array([weight, 100.0 - weight]) / 100.0).tolist()
            bad, other_bad = int(rng.binomial(total, share)), int(rng.binomial(other, plan.share))
            failed += bad - total * plan.share
            counts = {"errors": GuardrailCounts(Counts(total, bad), Counts(other, other_bad))}
            evidence, decision = observe(evidence, Tick(at, in_step, TICK, weight, counts, {}))
            if decision.verdict is Verdict.FAIL:
                return "aborted", at, failed
            passed = decision.verdict is Verdict.PASS
    return "completed", at, failed


def summary(plan: Plan, runs: int) -> Summary:
    """Of `runs` rollouts."""
    found = [rollout(plan, run) for run in range(runs)]
    ends = [end for end, _, _ in found]
    times = sorted(at for end, at, _ in found if end == "completed")
    return Summary(
        plan.name,
        plan.harm,
        runs,
        ends.count("completed") / runs,
        ends.count("aborted") / runs,
        ends.count("undecided") / runs,
        _foreseen(plan),
        median(times) if times else None,
        times[int(0.9 * len(times))] if times else None,
        mean(failed for _, _, failed in found),
    )


def _foreseen(plan: Plan) -> float:
    guardrail = ErrorRatio(kind="error-ratio", name="errors", negligible=plan.negligible)
    expected = ExpectedTraffic(rate=plan.rate, bad_share=plan.share)
    steps = [PlannedStep(weight, BAKE) for weight in WEIGHTS]
    settings = Analysis(tick=TICK, harm=plan.harm, horizon=HORIZON, expected=expected)
    going = 1.0
    for step in foresee((guardrail,), settings, steps).steps:
        going *= 1.0 - step.undecided
    return 1.0 - going


HEALTHY = ((50.0, 0.005, 0.01), (50.0, 0.001, 0.01), (50.0, 0.0, 0.001), (50.0, 0.001, 0.001), (200.0, 0.003, 0.001))
"""Rate, usual bad share and what is negligible."""
PLANS = (
    *(Plan(*point, harm=harm) for point in HEALTHY for harm in (0.0, 10.0)),
    *(
        Plan(*point, ratio=ratio, since=since, harm=harm)
        for point in (HEALTHY[0], HEALTHY[-1])
        for since in (FROM_START, FROM_LAST)
        for ratio in (2.0, 3.0, 5.0)
        for harm in (0.0, 10.0)
    ),
)


def line(found: Summary) -> str:
    """For people."""
    times = "" if found.median is None else f", median {found.median:.0f} s, 90% within {found.slowest_tenth:.0f} s"
    return (
        f"{found.name}, harm {found.harm:g}: completed {found.completed:.1%}{times}; aborted {found.aborted:.1%}, "
        f"undecided {found.undecided:.1%} (foreseen {found.foreseen:.1%}); {found.failed:.1f} failed too many"
    )


@click.command()
@click.option("--runs", type=click.IntRange(1), default=200, show_default=True)
def main(runs: int) -> None:
    """Print a line for every plan."""
    for plan in PLANS:
        click.echo(line(summary(plan, runs)))


if __name__ == "__main__":
    main()
