"""Rule `probes`: a pod gets traffic only while it says that it can serve."""

from __future__ import annotations

from collections.abc import Mapping

from policies.pods import LONG_RUNNING, containers
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.gating.settings import ProbeSettings

NAME = "probes"
_HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")


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
    gate=CATALOG[NAME],
    types=LONG_RUNNING,
    evaluate=evaluate,
)
