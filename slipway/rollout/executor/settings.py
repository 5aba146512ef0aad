"""The inputs of a rollout and its kind -> the settings of the controller. Pure."""

from __future__ import annotations

from slipway.release.floors import needed_for_all, with_floors
from slipway.release.manifest.plan import Kind
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.controller import ControllerSettings


def settings_of(wanted: RolloutInputs, kind: Kind, ready_before: int | None = None) -> ControllerSettings:
    """The controller's settings for this kind of rollout. `ready_before` are the replicas that carried the traffic at
    the beginning, where an autoscaler scales either side."""
    strategy = wanted.strategy
    forward_blue_green = kind == "forward" and strategy.kind == "blue-green"
    return ControllerSettings(
        steps=with_floors(wanted.plan(kind), ready_before, wanted.candidate.autoscaled),
        replicas=needed_for_all(ready_before, wanted.candidate),
        ready_within=wanted.candidate.ready_within,
        dwell=0.0 if kind == "rollback" else max(wanted.analysis.dwell, wanted.metrics.delay),
        horizon=wanted.analysis.horizon,
        error_grace=wanted.analysis.error_grace,
        smoke=forward_blue_green and strategy.kind == "blue-green" and bool(strategy.smoke),
        judged=_judged(wanted, kind),
        reach=kind == "first" and wanted.gateway_url is not None,
    )


def _judged(wanted: RolloutInputs, kind: Kind) -> bool:
    if kind != "first":
        return kind == "forward"
    return any(guardrail.limits.objective is not None for guardrail in wanted.guardrails)
