"""A project with many services, each a complete, vouched release until a test breaks one thing of it."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from slipway.release.declared import read_manifest
from slipway.release.evidence.migration_files import read_migrations
from slipway.release.evidence.references import Sources
from slipway.release.release_inputs import GateSetting, ReleaseInputs
from slipway.release.target import KubernetesTarget
from slipway.release.tokens import RELEASE
from tests.vouched import BUILDER, Vouched, trust_roots, vouch

ROOT = Path(__file__).parents[3]
RESOURCES = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}}
TRUST = trust_roots().model_dump(mode="json", by_alias=True, exclude_none=True)
NAMESPACE = "shop"


@dataclass
class Declared:
    """One service: what is vouched for, what the program says of it, and what staging runs."""

    it: Vouched
    now: datetime
    props: dict[str, Any] = field(default_factory=dict)
    """Over the inputs of the Release resource; None removes one, UNKNOWN makes it unknown at preview."""
    observed: dict[str, Any] | None = field(default_factory=dict)
    staging: Vouched | None = None
    late: Callable[[Path], object] | None = None
    """Done to the manifest's file after the program has read it."""

    @property
    def service(self) -> str:
        """Its name."""
        return self.it.service


UNKNOWN = "\N{REPLACEMENT CHARACTER}unknown"
"""In the data of the program: a value that is not known at preview."""


@dataclass
class Scene:
    """The project. `write` puts everything on disk; nothing is read before that."""

    root: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    services: dict[str, Declared] = field(default_factory=dict)
    resources: list[dict[str, Any]] = field(default_factory=list)
    """What else the program declares: type, name, props."""
    alerting: dict[str, Any] | None = None
    """Objectives, alarms and routing of both stacks."""
    configuration: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(CONFIGURATION))

    def service(self, name: str, **changes: object) -> Declared:
        """Add a service about whose release nothing is wrong."""
        folder = self.root / "releases" / name
        folder.mkdir(parents=True)
        complete: dict[str, object] = {
            "service": name,
            "workload__resources": RESOURCES,
            "route__hostnames": [f"{name}.example"],
        }
        it = vouch(folder, now=self.now, **(complete | changes))
        declared = Declared(it, self.now)
        image = it.manifest["artifact"]["image"]
        declared.observed = {
            "settled": False,
            "artifact": {"image": image, "exists": True, "digest": it.digest},
            "budget": {"remaining": 0.8, "at": self.now.isoformat()},
        }
        self.services[name] = declared
        return declared

    def write(self) -> None:
        """The manifests, the stacks' files, the pack with its configuration, and the program's data."""
        entries: dict[str, Any] = {}
        staged: dict[str, Any] = {}
        data: list[dict[str, Any]] = []
        for name, declared in self.services.items():
            path = self._manifest(declared.it, "1.0.0.yaml")
            entries[name] = {"manifest": path}
            staged[name] = {"manifest": path}
            if declared.staging is not None:
                staged[name] = {"manifest": self._manifest(declared.staging, "staging.yaml")}
            data.append(self._release(declared, path))
            if declared.late is not None:
                declared.late(self.root / path)
        project = self.root / "Pulumi.yaml"
        if not project.exists():
            project.write_text("name: releases\n")
        if self.alerting is not None:
            (self.root / "alerting.yaml").write_text(yaml.safe_dump(self.alerting))
        self._stack("prod", entries)
        self._stack("staging", staged)
        write_pack(self.root, self.configuration)
        (self.root / "stack.json").write_text(json.dumps({"releases": data, "resources": self.resources}))

    def inputs(self, name: str) -> dict[str, Any]:
        """The properties of a service's Release resource, as the program declares them."""
        data = json.loads((self.root / "stack.json").read_text())
        return next(entry["props"] for entry in data["releases"] if entry["name"] == name)

    def _manifest(self, it: Vouched, file: str) -> str:
        path = it.root / file
        path.write_text(yaml.safe_dump(it.manifest, sort_keys=False))
        return str(path.relative_to(self.root))

    def _release(self, declared: Declared, path: str) -> dict[str, Any]:
        read = read_manifest(self.root, path)
        scripts = read_migrations(read.release, Sources(self.root, str(Path(path).parent)))
        inputs = ReleaseInputs.of(read, KubernetesTarget(namespace=NAMESPACE), GateSetting(), scripts).to_wire()
        props = {**inputs, "observed": declared.observed, **declared.props}
        return {"name": declared.service, "props": {key: value for key, value in props.items() if value is not None}}

    def _stack(self, stack: str, entries: Mapping[str, Any]) -> None:
        path = self.root / f"Pulumi.{stack}.yaml"
        kept = yaml.safe_load(path.read_text()) if path.exists() else {}
        config = {
            "releases:namespace": NAMESPACE,
            "releases:metrics": {"kind": "prometheus", "url": "http://prometheus.example:9090"},
            "releases:services": dict(entries),
        }
        if self.alerting is not None:
            config["releases:slos"] = {"files": ["alerting.yaml"], "target": {"kind": "prometheus-rule"}}
        path.write_text(yaml.safe_dump({**(kept or {}), "config": config}, sort_keys=False))

    def urn(self, name: str, kind: str = RELEASE) -> str:
        """Of a resource of the stack."""
        return f"urn:pulumi:prod::releases::{kind}::{name}"


def write_pack(root: Path, configuration: Mapping[str, Any]) -> None:
    """The pack of this project, with a configuration of its own for `prod`."""
    folder = root / "policies"
    (folder / "config").mkdir(parents=True, exist_ok=True)
    project = yaml.safe_load((ROOT / "policies" / "PulumiPolicy.yaml").read_text())
    project["runtime"]["options"] = {"virtualenv": str(ROOT / ".venv")}
    (folder / "PulumiPolicy.yaml").write_text(yaml.safe_dump(project))
    shutil.copy(ROOT / "policies" / "__main__.py", folder)
    (folder / "config" / "prod.json").write_text(json.dumps(configuration, indent=2))


HOOK = {"kind": "webhook", "url": "http://alerts.example"}
ALERTING = {
    "apiVersion": "slipway/v1",
    "kind": "Alerting",
    "routing": {
        "fallback": "payments",
        "owners": {"payments": {"page": HOOK, "ticket": HOOK}, "night": {"page": HOOK}},
    },
}
"""Who is told of alarms."""

CONFIGURATION: dict[str, Any] = {
    "evidence": {"trust": TRUST},
    "in-place": {"others": [{"name": "extra", "reason": "a workload of the platform, no release of ours"}]},
}
"""Strict but for one workload that is no release."""

assert BUILDER in TRUST["builders"]


def keep_stacks_in(root: Path, folder: str, suffix: str = ".yaml") -> None:
    """Move the files of the stacks into a folder that Pulumi.yaml names, in another notation perhaps."""
    (root / folder).mkdir()
    for path in sorted(root.glob("Pulumi.*.yaml")):
        content = yaml.safe_load(path.read_text())
        (root / folder / f"{path.stem}{suffix}").write_text(json.dumps(content))
        path.unlink()
    (root / "Pulumi.yaml").unlink()
    (root / f"Pulumi{suffix}").write_text(json.dumps({"name": "releases", "stackConfigDir": folder}))
