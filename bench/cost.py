"""`python -m bench.cost`: what a decision costs, and a thousand rollouts in one process at a tick a second."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import AlertFiring, ClientFailures, Custom, ErrorRatio, Guardrail, Latency, Slo
from slipway.rollout.analysis import Counts, Evidence, GuardrailCounts, Tick, begin, observe

TICKS = 400
PASSES = 25
ROLLOUTS = 1000
BOUNDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
ALLOWED_MICROSECONDS = 50.0
ALLOWED_CORE = 0.5


def _side(rng: np.random.Generator, total: int, share: float) -> Counts:
    """One side of a tick, with a histogram whose tail grows from half of the requests down to a thousandth."""
    shares = np.geomspace(0.5, 0.001, len(BOUNDS))
    slower = tuple(sorted((int(rng.binomial(total, one)) for one in shares), reverse=True))
    return Counts(total, int(rng.binomial(total, share)), BOUNDS, slower)


def ticks(name: str, share: float, seed: int = 1, weight: float = 5.0) -> list[Tick]:
    """A canary at `weight` percent of 300 requests a second, in ticks of two seconds."""
    rng = np.random.default_rng(seed)
    own, found = round(6 * weight), []
    for index in range(TICKS):
        counts = GuardrailCounts(_side(rng, own, share), _side(rng, 600 - own, share), firing=False)
        if name == "clients":
            failures = tuple((f"{index}-{one}", bool(rng.random() < 0.05)) for one in range(rng.poisson(600 * share)))
            counts = GuardrailCounts(Counts(5, 0), Counts(95, 0), first_failures=failures)
        at = 2.0 * (index + 1)
        found.append(Tick(at, at, 2.0, weight, {name: counts}, {}))
    return found


def switch(name: str, share: float) -> list[Tick]:
    """A minute of the baseline alone, then everything on the candidate."""
    before = ticks(name, share, weight=0.0)[:30]
    after = ticks(name, share, seed=2, weight=100.0)
    return before + [Tick(tick.at + 60.0, tick.in_step, 2.0, 100.0, tick.counts, {}) for tick in after]


def microseconds(evidence: Evidence, recording: list[Tick]) -> float:
    """The mean time of a look, each look the least of several passes: other processes only ever add to it."""
    least = [math.inf] * len(recording)
    for _ in range(PASSES):
        current = evidence
        for place, tick in enumerate(recording):
            began = time.perf_counter_ns()
            current, _ = observe(current, tick)
            least[place] = min(least[place], time.perf_counter_ns() - began)
    return sum(least) / len(least) / 1e3


def each() -> dict[str, float]:
    """Microseconds of one tick of one guardrail, by kind and by what it has to reckon with."""
    errors = ErrorRatio(kind="error-ratio", name="errors", negligible=0.01)
    objective = ErrorRatio(kind="error-ratio", name="errors", objective=0.01)
    latency = Latency(kind="latency", name="latency", threshold=0.3)
    custom = Custom(kind="custom", name="checkouts", good="completed", total="started")
    slo = Slo(kind="slo", name="slo", objective=0.05)
    clients = ClientFailures(kind="client-failures", name="clients")
    alert = AlertFiring(kind="alert", name="burn", alert="HighBurnRate")
    cases: list[tuple[str, Guardrail, list[Tick], float]] = [
        ("errors, healthy", errors, ticks("errors", 0.002), 1.0),
        ("errors, 3% bad on both sides", errors, ticks("errors", 0.03), 1.0),
        ("errors with an objective", objective, ticks("errors", 0.002), 1.0),
        ("errors at 98%", errors, ticks("errors", 0.002, weight=98.0), 1.0),
        ("errors after a switch to 100%", errors, switch("errors", 0.002), 1.0),
        ("errors in clusters", errors, ticks("errors", 0.03), 4.0),
        ("latency over its histogram", latency, ticks("latency", 0.02), 1.0),
        ("latency in clusters", latency, ticks("latency", 0.02), 4.0),
        ("custom, a third bad", custom, ticks("checkouts", 0.33), 1.0),
        ("custom, a third bad in clusters", custom, ticks("checkouts", 0.33), 4.0),
        ("absolute SLO", slo, ticks("slo", 0.01), 1.0),
        ("absolute SLO, in clusters", slo, ticks("slo", 0.01), 4.0),
        ("client failures", clients, ticks("clients", 0.002), 1.0),
        ("alert", alert, ticks("burn", 0.002), 1.0),
    ]
    return {
        name: microseconds(begin((guardrail,), Analysis(), dispersion={guardrail.name: phi}), recording)
        for name, guardrail, recording, phi in cases
    }


def many() -> float:
    """Cores that a thousand rollouts of two guardrails keep busy at a tick a second."""
    guardrails = (
        ErrorRatio(kind="error-ratio", name="errors", negligible=0.01),
        Latency(kind="latency", name="latency", threshold=0.3),
    )
    rollouts = [begin(guardrails, Analysis(tick=1.0)) for _ in range(ROLLOUTS)]
    both = list(zip(ticks("errors", 0.002), ticks("latency", 0.02, seed=2), strict=True))[:10]
    passes = []
    for one, two in both:
        tick = Tick(one.at, one.in_step, 1.0, one.weight, {**one.counts, **two.counts}, {})
        began = time.process_time()
        rollouts = [observe(evidence, tick)[0] for evidence in rollouts]
        passes.append(time.process_time() - began)
    return min(passes)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/bench"), show_default=True)
def main(out: Path) -> None:
    """Measure, print, and write OUT/cost.json."""
    found: dict[str, Any] = {"microseconds": {name: round(value, 1) for name, value in each().items()}}
    found["cores_for_1000_rollouts"] = round(many(), 3)
    for name, value in found["microseconds"].items():
        click.echo(f"{value:6.1f} us  {name}")
    click.echo(f"{found['cores_for_1000_rollouts']:.2f} of a core for {ROLLOUTS} rollouts at a tick a second")
    worst = max(found["microseconds"].values())
    found["within"] = worst <= ALLOWED_MICROSECONDS and found["cores_for_1000_rollouts"] <= ALLOWED_CORE
    out.mkdir(parents=True, exist_ok=True)
    (out / "cost.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
