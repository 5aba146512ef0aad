"""From a risk level to a strategy with concrete steps, and what a strategy exposes its users to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from slipway.release.manifest.release import Release
from slipway.release.manifest.route import HeaderMatch
from slipway.release.manifest.scope import Level
from slipway.release.manifest.strategy import BlueGreen, Canary, Preview, Rolling, SmokeCheck, Step
from slipway.release.units import show_seconds

Kind = Literal["rolling", "canary", "blue-green"]

FEW_REPLICAS = 2
"""With so few there is no smaller share to begin a rolling update with."""

CANARY_STEPS: dict[Level, tuple[tuple[float, float], ...]] = {
    "low": ((10, 120), (50, 180), (100, 300)),
    "medium": ((5, 120), (25, 300), (50, 300), (100, 600)),
    "high": ((1, 300), (5, 300), (25, 600), (50, 600), (100, 900)),
}
"""(percent, seconds). The first share is what is put at stake before anything is known: the riskier, the smaller.
Each later one is two to ten times the one before, so that a fault which shows only under load still meets few."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a strategy puts at stake."""

    first: float
    """Percent of the traffic on the new version before the first verdict."""
    watched: float
    """Seconds of baking before all of the traffic is on it."""
    concurrent: bool
    """Whether old and new run beside each other under traffic, so that they can be compared."""

    def riskier_than(self, other: Exposure) -> bool:
        """More than twice the share at first, less than half the time watched, or no comparison where there was one."""
        if other.concurrent and not self.concurrent:
            return True
        if not other.concurrent:
            return False
        return self.first > 2 * other.first or self.watched < other.watched / 2


def choose(release: Release, level: Level) -> tuple[Canary | BlueGreen | Rolling, tuple[str, ...]]:
    """The strategy for a level, and the reasons."""
    together = _must_switch_at_once(release)
    if together:
        return _blue_green(release, level), (together, "one switch keeps two versions from working side by side")
    longest = release.analysis.horizon  # an undecided step is aborted there, so none may bake longer
    scalable = release.workload.replicas or 0  # an autoscaler of each version would undo the batches
    replicas = 0 if release.workload.external is not None else scalable
    if level == "low" and replicas > FEW_REPLICAS and not release.migrations:
        batch = 1 / replicas if replicas <= 10 else 0.1
        strategy = Rolling(kind="rolling", batch=batch, bake=min(60.0, longest), final_bake=min(300.0, longest))
        return strategy, ("low risk and no migration", "batches need no double capacity")
    steps = tuple(Step(weight=weight, bake=min(bake, longest)) for weight, bake in CANARY_STEPS[level])
    first = CANARY_STEPS[level][0][0]
    return Canary(kind="canary", steps=steps), (f"{level} risk", f"a fault meets {first:g}% of the traffic at first")


def exposure(strategy: Canary | BlueGreen | Rolling, replicas: int) -> Exposure:
    """What a strategy puts at stake with this many replicas."""
    if isinstance(strategy, Canary):
        steps = strategy.weighted
        return Exposure(steps[0].weight, sum(step.bake for step in steps[:-1]), len(steps) > 1)
    if isinstance(strategy, BlueGreen):
        return Exposure(100.0, 0.0, False)
    batches = math.ceil(replicas / max(1, math.ceil(strategy.batch * replicas)))
    return Exposure(100.0 / batches, strategy.bake * (batches - 1), batches > 1)


def show_exposure(kind: str, it: Exposure) -> str:
    """`canary (5% first, 7m watched before 100%)`."""
    return f"{kind} ({it.first:.3g}% first, {show_seconds(it.watched)} watched before 100%)"


def _must_switch_at_once(release: Release) -> str:
    """Why two versions must not serve side by side, or an empty string."""
    contracts = [migration.id for migration in release.migrations if migration.phase == "contract"]
    if contracts:
        return f"migration {contracts[0]} is a contract, the previous version must not work beside it for long"
    return ""


def _blue_green(release: Release, level: Level) -> BlueGreen:
    preview = Preview(header=HeaderMatch(name="x-slipway-preview", value=release.service))
    smoke = SmokeCheck(path=release.workload.probes.readiness.path, times=5)
    bake = min(900.0 if level == "high" else 600.0, release.analysis.horizon)
    return BlueGreen(kind="blue-green", preview=preview, smoke=(smoke,), bake=bake)
