"""Manifests of the sample service, written as files into a project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CANARY: Mapping[str, Any] = {
    "kind": "canary",
    "steps": [{"weight": weight, "bake": "2s"} for weight in (5, 25, 50, 100)],
}
BLUE_GREEN: Mapping[str, Any] = {
    "kind": "blue-green",
    "preview": {"header": {"name": "x-slipway-preview", "value": "candidate"}},
    "smoke": [{"path": "/", "status": 200, "contains": '"ok":true', "times": 5}],
    "bake": "6s",
}
ROLLING: Mapping[str, Any] = {"kind": "rolling", "batch": "33%", "bake": "2s", "finalBake": "6s"}


def manifest(service: str, version: str, image: str, strategy: Mapping[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a manifest is plain data
    """A complete manifest. `changes` replace whole sections."""
    values: dict[str, Any] = {
        "apiVersion": "slipway/v1",
        "kind": "Release",
        "service": service,
        "version": version,
        "artifact": {"image": image},
        "scope": {
            "summary": f"{service} {version} in the sandbox",
            "changes": [{"id": "DEMO-1", "kind": "feature", "risk": "low"}],
            "size": {"commits": 1, "lines": 10},
        },
        "strategy": dict(strategy),
        "workload": workload(),
        "route": route(f"{service}.example"),
        "guardrails": [{"name": "errors", "kind": "error-ratio", "tolerate": 1.1, "negligible": "1%"}],
        "analysis": {
            "tick": "1s",
            "dwell": "2s",
            "horizon": "90s",
            "errorGrace": "10s",
            "expected": {"rate": 300, "badShare": "0.1%"},
        },
        "rollback": {"maxMinutes": 1, "constraints": []},
        "owner": {"team": "demo", "oncall": "https://oncall.example/demo", "runbook": "docs/runbooks/checkout.md"},
    }
    return {**values, **changes}


def workload(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Three small replicas that drain for five seconds."""
    values: dict[str, Any] = {
        "port": 8080,
        "replicas": 3,
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
        "probes": {"readiness": {"path": "/readyz", "period": "1s"}},
        "drain": {"beforeStop": "5s", "grace": "20s"},
        "readyWithin": "30s",
    }
    return {**values, **changes}


def route(hostname: str) -> dict[str, Any]:
    """Everything under one host name at the sandbox's gateway."""
    return {"gateway": {"namespace": "edge", "name": "public"}, "hostnames": [hostname], "timeout": "5s"}


def write(project: Path, values: Mapping[str, Any]) -> str:
    """Write it where manifests live; returns the path in the project."""
    path = Path("releases") / str(values["service"]) / f"{values['version']}.yaml"
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text(yaml.safe_dump(dict(values), sort_keys=False))
    return str(path)
