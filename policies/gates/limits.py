"""Rule `limits`: what a container may use is bounded, and what it needs is reserved."""

from __future__ import annotations

from collections.abc import Mapping

from policies.pods import WORKLOADS, containers
from policies.rule import Resource, ResourceRule, Surroundings, finding
from release.findings import Finding
from release.manifest.base import Part

NAME = "limits"


class LimitSettings(Part):
    """Which resources must be named. A limit on CPU throttles, so it is not asked for."""

    requests: tuple[str, ...] = ("cpu", "memory")
    limits: tuple[str, ...] = ("memory",)


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
    return isinstance(given, Mapping) and given.get(name) not in {None, "", "0"}


RULE = ResourceRule(
    name=NAME,
    title="Requests and limits are declared",
    severity="medium",
    rows=("W4",),
    remedy="Declare workload.resources",
    settings=LimitSettings,
    reads=WORKLOADS,
    evaluate=evaluate,
)
