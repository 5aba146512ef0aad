"""`python -m bench.decisions.calibrate`: what not knowing the alternative costs, in nats; foresight reckons with it.

The mean of (time to the decision) x (information a second) - ln(1 / error rate), over cells in which a tick is short
against the decision.
"""

from __future__ import annotations

from math import log

import click
import numpy as np

from bench.decisions.cells import RATES, SHARES, WEIGHTS, Cell
from bench.decisions.recordings import simulate
from bench.decisions.vector import Setting, abort_times
from slipway.release.manifest.analysis import Analysis, ExpectedTraffic
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.release.manifest.plan import PlannedStep
from slipway.rollout.analysis import Counts, GuardrailCounts, Tick, Verdict, begin, constants, observe
from slipway.rollout.analysis.detectable import relative_growth
from slipway.rollout.analysis.foresight import foresee

RUNS = 200
ALPHA = 0.01


def abort_cost(ratio: float, tolerate: float) -> float:
    """Nats above ln(1 / alpha) that aborting took."""
    costs = []
    for share, rate, weight in [(share, rate, weight) for share in SHARES for rate in RATES for weight in WEIGHTS]:
        speed = relative_growth(tolerate, rate * weight, rate * (1.0 - weight), share)(ratio)
        if not 60.0 < log(1.0 / ALPHA) / speed < 900.0:
            continue
        times = abort_times(simulate(Cell(share, rate, weight, ratio), RUNS, seconds=7200.0), Setting(tolerate))
        costs.append(float(np.where(np.isnan(times), 7200.0, times).mean()) * speed - log(1.0 / ALPHA))
    return float(np.mean(costs)) if costs else float("nan")


def promote_factor(share: float, weight: float, rate: float = 300.0, runs: int = 40) -> float:
    """Mean seconds until a healthy release passes, over what is foreseen."""
    guardrail = ErrorRatio(kind="error-ratio", name="errors", negligible=0.001)
    analysis = Analysis(expected=ExpectedTraffic(rate=rate, bad_share=share))
    foreseen = foresee((guardrail,), analysis, [PlannedStep(100.0 * weight, 60.0)]).steps[0].passes or float("nan")
    rng, times = np.random.default_rng(1), []
    for _ in range(runs):
        evidence, at = begin((guardrail,), analysis), 0.0
        while at < 3600.0:
            at += analysis.tick
            sides = [int(rng.poisson(rate * analysis.tick * part)) for part in (weight, 1.0 - weight)]
            candidate, baseline = (Counts(total, int(rng.binomial(total, share))) for total in sides)
            counts = {"errors": GuardrailCounts(candidate, baseline)}
            evidence, decision = observe(evidence, Tick(at, at, analysis.tick, 100.0 * weight, counts, {}))
            if decision.verdict is Verdict.PASS:
                break
        times.append(at)
    return float(np.mean(times)) / foreseen


@click.command()
def main() -> None:
    """Print the measured costs beside the constants."""
    for tolerate in (1.0, 1.1):
        for ratio in (2.0, 3.0, 5.0, 10.0):
            click.echo(f"abort, tolerate {tolerate:g}, {ratio:g}x: {abort_cost(ratio, tolerate):.2f} nats")
    click.echo(f"MIXTURE_COST is {constants.MIXTURE_COST}")
    for share in (0.0, 0.0003, 0.003, 0.01):
        for weight in (0.05, 0.25, 0.5):
            click.echo(f"promote, {share:.2%} bad, {weight:.0%}: {promote_factor(share, weight):.2f} x foreseen")


if __name__ == "__main__":
    main()
