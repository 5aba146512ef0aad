"""Rule `ecs-service`: a service on ECS gives a deployment up that fails, and moves no traffic itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.base import FrozenModel

NAME = "ecs-service"
SERVICE = "aws:ecs/service:Service"


def evaluate(resource: Resource, settings: FrozenModel, around: Surroundings) -> list[Finding]:
    """A circuit breaker that is off, and controllers and strategies that shift traffic."""
    return list(_found(resource.props))


def _found(props: Mapping[str, Any]) -> Iterator[Finding]:
    if _within(props, "deploymentCircuitBreaker").get("enable") is not True:
        yield finding(
            NAME,
            "no-circuit-breaker",
            "deploymentCircuitBreaker.enable",
            "off",
            "on",
            "Write deploymentCircuitBreaker: {enable: true, rollback: false}: else what fails is started for ever",
        )
    usual = {"deploymentController.type": "ECS", "deploymentConfiguration.strategy": "ROLLING"}
    for path, value in usual.items():
        block, _, name = path.partition(".")
        given = _within(props, block).get(name)
        if given not in (None, value):
            yield finding(
                NAME,
                "second-writer",
                path,
                f"{given}, which moves the traffic of the service",
                value,
                "Leave it out: the Rollout of the service moves its traffic",
                severity="critical",
            )


def _within(props: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = props.get(name)
    return found if isinstance(found, Mapping) else {}


RULE = ResourceRule(gate=CATALOG[NAME], types=(SERVICE,), evaluate=evaluate)
