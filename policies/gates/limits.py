"""Rule `limits`: what a container may use is bounded, and what it needs is reserved."""

from __future__ import annotations

import re
from collections.abc import Mapping

from policies.pods import WORKLOADS, containers
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.gating.settings import LimitSettings

NAME = "limits"
_NOTHING = re.compile(r"\s*|0+(\.0*)?[a-zA-Z]*")
"""A quantity of nothing: Kubernetes takes a limit of 0 for none."""


def evaluate(resource: Resource, settings: LimitSettings, around: Surroundings) -> list[Finding]:
    """Each request and limit that is missing, in containers and init containers."""
    wanted = [("requests", name) for name in settings.requests] + [("limits", name) for name in settings.limits]
    return [
        finding(
            NAME,
            "missing",
            f"{path}.resources.{side}.{name}",
            "nothing",
            f"a {side.removesuffix('s')} of {name}",
            "Declare it in workload.resources, from what the service used before",
        )
        for path, container in containers(resource, ("containers", "initContainers"))
        for side, name in wanted
        if not _named(container, side, name)
    ]


def _named(container: object, side: str, name: str) -> bool:
    resources = container.get("resources") if isinstance(container, Mapping) else None
    given = resources.get(side) if isinstance(resources, Mapping) else None
    return isinstance(given, Mapping) and _NOTHING.fullmatch(str(given.get(name) or 0)) is None


RULE = ResourceRule(
    gate=CATALOG[NAME],
    types=WORKLOADS,
    evaluate=evaluate,
)
