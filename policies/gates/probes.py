"""Rule `probes`: a pod gets traffic only while it says that it can serve."""

from __future__ import annotations

from collections.abc import Mapping

from policies.pods import LONG_RUNNING, containers
from policies.rule import Resource, ResourceRule, Surroundings, finding
from slipway.release.findings import Finding
from slipway.release.manifest.base import Part

NAME = "probes"
_HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")


class ProbeSettings(Part):
    """Which probes every container needs."""

    liveness: bool = False


def evaluate(resource: Resource, settings: ProbeSettings, around: Surroundings) -> list[Finding]:
    """Readiness of every container that runs beside the others; liveness where it is asked for."""
    wanted = ("readinessProbe", "livenessProbe") if settings.liveness else ("readinessProbe",)
    found = list(containers(resource, ("containers",)))
    if not found:
        return [_finding("spec.template.spec.containers", "no containers")]
    return [
        _finding(f"{path}.{probe}", "nothing" if not _given(container, probe) else "a probe without a check")
        for path, container in found
        for probe in wanted
        if not _checks(container, probe)
    ]


def _given(container: object, probe: str) -> bool:
    return isinstance(container, Mapping) and container.get(probe) is not None


def _checks(container: object, probe: str) -> bool:
    found = container.get(probe) if isinstance(container, Mapping) else None
    return isinstance(found, Mapping) and any(found.get(handler) is not None for handler in _HANDLERS)


def _finding(path: str, found: str) -> Finding:
    remedy = "Declare the probe: without readiness a pod that does not serve gets traffic"
    return finding(NAME, "missing", path, found, "a probe with httpGet, tcpSocket, grpc or exec", remedy)


RULE = ResourceRule(
    name=NAME,
    title="Every container says when it is ready",
    severity="high",
    rows=("W4",),
    remedy="Declare the probe in workload.probes",
    settings=ProbeSettings,
    reads=LONG_RUNNING,
    evaluate=evaluate,
)
