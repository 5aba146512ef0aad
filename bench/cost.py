"""`python -m bench.cost`: what a decision costs, and a thousand rollouts in one process at a tick a second."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from release.manifest.analysis import Analysis
from release.manifest.guardrails import ClientFailures, ErrorRatio, Latency, Slo
from rollout.analysis import Counts, Evidence, GuardrailCounts, Tick, begin, observe

TICKS = 400
BATCHES = 15
ROLLOUTS = 1000
BOUNDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
ALLOWED_MICROSECONDS = 50.0
ALLOWED_CORE = 0.5


def _side(rng: np.random.Generator, total: int, share: float) -> Counts:
    """One side of a tick, with a histogram whose tail grows from half of the requests down to a thousandth."""
    shares = np.geomspace(0.5, 0.001, len(BOUNDS))
    slower = tuple(sorted((int(rng.binomial(total, one)) for one in shares), reverse=True))
    return Counts(total, int(rng.binomial(total, share)), BOUNDS, slower)


def ticks(name: str, share: float, seed: int = 1) -> list[Tick]:
    """A canary at 5% of 300 requests a second, in ticks of two seconds."""
    rng = np.random.default_rng(seed)
    found = []
    for index in range(TICKS):
        counts = GuardrailCounts(_side(rng, 30, share), _side(rng, 570, share))
        if name == "clients":
            failures = tuple((f"{index}-{one}", bool(rng.random() < 0.05)) for one in range(rng.poisson(600 * share)))
            counts = GuardrailCounts(Counts(5, 0), Counts(95, 0), first_failures=failures)
        at = 2.0 * (index + 1)
        found.append(Tick(at, at, 2.0, 5.0, {name: counts}, {}))
    return found


def microseconds(evidence: Evidence, recording: list[Tick]) -> float:
    """Processor time of one look: the least of several passes, because other processes only ever add to it."""
    passes = []
    for _ in range(BATCHES):
        current, began = evidence, time.process_time()
        for tick in recording:
            current, _ = observe(current, tick)
        passes.append((time.process_time() - began) / len(recording) * 1e6)
    return min(passes)


def each() -> dict[str, float]:
    """Microseconds of one tick of one guardrail, by kind."""
    analysis = Analysis()
    errors = ErrorRatio(kind="error-ratio", name="errors", negligible=0.01)
    objective = ErrorRatio(kind="error-ratio", name="errors", objective=0.01)
    latency = Latency(kind="latency", name="latency", threshold=0.3)
    slo = Slo(kind="slo", name="slo", objective=0.05)
    clients = ClientFailures(kind="client-failures", name="clients")
    return {
        "errors, healthy": microseconds(begin((errors,), analysis), ticks("errors", 0.002)),
        "errors, 3% bad on both sides": microseconds(begin((errors,), analysis), ticks("errors", 0.03)),
        "errors with an objective": microseconds(begin((objective,), analysis), ticks("errors", 0.002)),
        "errors in clusters": microseconds(
            begin((errors,), analysis, dispersion={"errors": 4.0}), ticks("errors", 0.03)
        ),
        "latency over its histogram": microseconds(begin((latency,), analysis), ticks("latency", 0.02)),
        "absolute SLO": microseconds(begin((slo,), analysis), ticks("slo", 0.01)),
        "client failures": microseconds(begin((clients,), analysis), ticks("clients", 0.002)),
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
