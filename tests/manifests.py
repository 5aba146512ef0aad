"""Manifests for tests: one complete one, and changed copies of it."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from slipway.release.manifest.load import parse
from slipway.release.manifest.release import Release

DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64

STRATEGIES: dict[str, dict[str, Any]] = {
    "canary": {"kind": "canary", "steps": [{"weight": 5, "bake": "2m"}, {"weight": 100, "bake": "10m"}]},
    "blue-green": {"kind": "blue-green", "preview": {"header": {"name": "x-preview", "value": "new"}}, "bake": "5m"},
    "rolling": {"kind": "rolling", "batch": "34%", "bake": "30s", "finalBake": "5m"},
}

COMPLETE: dict[str, Any] = {
    "apiVersion": "slipway/v1",
    "kind": "Release",
    "service": "checkout",
    "version": "1.0.0",
    "artifact": {"image": f"registry.example/checkout@{DIGEST}"},
    "scope": {"summary": "one sentence", "changes": [{"id": "PAY-1", "kind": "fix"}]},
    "strategy": STRATEGIES["canary"],
    "workload": {"port": 8080, "replicas": 3, "env": {"LOG": "info"}, "probes": {"readiness": {"path": "/ready"}}},
    "route": {"gateway": {"namespace": "edge", "name": "public"}, "hostnames": ["checkout.example"]},
    "guardrails": [{"name": "errors", "kind": "error-ratio", "negligible": "0.1%"}],
    "rollback": {"maxMinutes": 5, "constraints": []},
    "owner": {"team": "payments", "oncall": "https://oncall.example", "runbook": "docs/runbooks/checkout.md"},
}

ABSENT = object()
"""As a value of a change: remove the field."""


def manifest(**changes: object) -> dict[str, Any]:
    """The complete manifest with changes: `workload__port=80` sets a field, ABSENT removes it."""
    content = copy.deepcopy(COMPLETE)
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = content
        for parent in parents:
            target = target[parent]
        if value is ABSENT:
            del target[last]
        else:
            target[last] = copy.deepcopy(value)
    return content


def text(**changes: object) -> str:
    """The same as YAML."""
    return str(yaml.safe_dump(manifest(**changes), sort_keys=False))


def release(**changes: object) -> Release:
    """The same as a validated release."""
    return parse(text(**changes), "test.yaml")
