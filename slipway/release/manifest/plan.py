"""Strategy -> the steps that the controller walks through. Pure, so preview shows exactly what `up` does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from slipway.release.manifest.route import Method
from slipway.release.manifest.strategy import BlueGreen, Canary, MirrorStep, Rolling, Step
from slipway.release.units import Percent, percent_of, show_seconds

Kind = Literal["first", "forward", "rollback"]
"""first: no baseline; forward: a new revision; rollback: a revision that completed here before."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What is copied to the candidate: `percent` of the requests with these methods."""

    percent: Percent
    methods: tuple[Method, ...]

    def __str__(self) -> str:
        return f"copies of {self.percent:.4g}% of {', '.join(self.methods)}"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """Traffic share in percent, the least time at it in seconds, and for rolling the replicas of the candidate. At
    `mirror` it has no traffic of users, only copies."""

    weight: Percent
    bake: float
    replicas: int | None = None
    mirror: Mirrored | None = None


def planned_steps(strategy: Canary | BlueGreen | Rolling, replicas: int, kind: Kind) -> tuple[PlannedStep, ...]:
    """The steps of one rollout.

    A first release and the return to a revision that completed before are one switch: there is nothing to
    compare with, or nothing new to learn, and users wait for it.
    """
    if kind != "forward":
        return (PlannedStep(100.0, _last_bake(strategy) if kind == "first" else 0.0),)
    if isinstance(strategy, Canary):
        return tuple(_planned(step) for step in strategy.steps)
    if isinstance(strategy, BlueGreen):
        return (PlannedStep(100.0, strategy.bake),)
    return _batches(strategy, replicas)


def describe(strategy: Canary | BlueGreen | Rolling, replicas: int, kind: Kind) -> str:
    """One line for `pulumi preview`, such as `canary: 5% 2m, 25% 5m, 100% 10m`."""
    name = {"first": "first release", "forward": strategy.kind, "rollback": "return to a known good revision"}[kind]
    steps = ", ".join(_step_text(step) for step in planned_steps(strategy, replicas, kind))
    smoke = (
        f"{len(strategy.smoke)} smoke check(s) at 0%, " if kind == "forward" and strategy.kind == "blue-green" else ""
    )
    return f"{name}: {smoke}{steps}"


def _planned(step: Step | MirrorStep) -> PlannedStep:
    mirror = Mirrored(step.mirror, step.methods) if isinstance(step, MirrorStep) else None
    return PlannedStep(step.weight, step.bake, mirror=mirror)


def name_of_step(weight: Percent, mirror: Mirrored | None) -> str:
    """In a list of steps: `25%`, or `mirror 100%` where the candidate gets copies and no user."""
    return f"{weight:.4g}%" if mirror is None else f"mirror {mirror.percent:.4g}%"


def _step_text(step: PlannedStep) -> str:
    if step.mirror is not None:
        return f"{step.mirror}, whose answers no user sees, for {show_seconds(step.bake)}"
    replicas = "" if step.replicas is None else f" ({step.replicas} replicas)"
    return f"{step.weight:.4g}%{replicas} for {show_seconds(step.bake)}"


def _last_bake(strategy: Canary | BlueGreen | Rolling) -> float:
    if isinstance(strategy, Canary):
        return strategy.steps[-1].bake
    return strategy.bake if isinstance(strategy, BlueGreen) else strategy.final_bake


def _batches(strategy: Rolling, replicas: int) -> tuple[PlannedStep, ...]:
    size = max(1, math.ceil(strategy.batch * replicas))
    counts = [*range(size, replicas, size), replicas]
    return tuple(
        PlannedStep(percent_of(count, replicas), strategy.final_bake if count == replicas else strategy.bake, count)
        for count in counts
    )
