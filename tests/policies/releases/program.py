"""A Pulumi program that declares what `stack.json` lists, each service's whole component after its Release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi

from components import TopologyArgs, service
from slipway.release.declared import read_manifest
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import KubernetesTarget

UNKNOWN = "\N{REPLACEMENT CHARACTER}unknown"
METRICS = MetricsSource(kind="prometheus", url="http://prometheus.example:9090")


class Raw(pulumi.CustomResource):
    """Any resource, by its type and properties."""

    def __init__(self, kind: str, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(kind, name, props, opts)


def main() -> None:
    """Declare everything."""
    stack = json.loads(Path("stack.json").read_text())
    later = Raw("kubernetes:core/v1:ConfigMap", "later", {"metadata": {"name": "later"}})

    def known(value: Any) -> Any:
        if value == UNKNOWN:
            return later.id  # of a resource that is not there yet
        if isinstance(value, dict):
            return {key: known(below) for key, below in value.items()}
        return [known(below) for below in value] if isinstance(value, list) else value

    gates = []
    for entry in stack["releases"]:
        gate = Raw("slipway:index:Release", entry["name"], known(entry["props"]))
        gates.append(gate)
        if (path := entry.get("component")) is not None:
            args = TopologyArgs(
                release=read_manifest(Path.cwd(), path).release,
                target=KubernetesTarget(namespace=entry["props"]["namespace"]),
                metrics=METRICS,
                manifest=path,
                gate=gate,
            )
            service(args)
    for entry in stack["resources"]:
        Raw(entry["type"], entry["name"], known(entry["props"]), pulumi.ResourceOptions(depends_on=gates[:1]))


main()
