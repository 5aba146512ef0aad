"""One service as a test sees it: release versions of the sample, look at the cluster, at the journal, at the client."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightkube.operators import not_equal
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import ConfigMap

from sandbox.sample.load import Load
from sandbox.stage import manifests
from sandbox.stage.project import Result, Stage
from slipway.release.records.journal import Head, read_head
from slipway.release.target import KubernetesTarget
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.platforms.kubernetes.client import connect
from slipway.rollout.routers.base import LiveRoute

NAME = "checkout"
QUICK: dict[str, Any] = {"kind": "canary", "steps": [{"weight": weight, "bake": "1s"} for weight in (25, 50, 100)]}
LONG: dict[str, Any] = {"kind": "canary", "steps": [{"weight": 25, "bake": "120s"}, {"weight": 100, "bake": "1s"}]}
"""The first waits as little as it can; the second stands at 25% until a test has done what it wants to do there."""
EASY: dict[str, Any] = {"guardrails": [{"name": "errors", "kind": "error-ratio", "tolerate": 1.1, "negligible": "5%"}]}
"""Decided by a hundred requests of the candidate instead of four hundred."""
WITHIN = 60.0


@dataclass
class Service:
    """`images` maps versions of the sample to pinned images; `host` is the service's own host name."""

    stage: Stage
    images: Mapping[str, str]
    host: str
    paths: dict[str, str] = field(default_factory=dict)

    def declare(self, version: str, strategy: Mapping[str, Any] = manifests.CANARY, **changes: Any) -> str:
        """Write a manifest (the file's version may differ from the image's: `image=`); returns its path."""
        image = self.images[changes.pop("image", version)]
        # Prometheus takes up a new pod within 5 s, then scrapes it: a shorter grace would be a race.
        analysis = {"tick": "1s", "dwell": "1s", "horizon": "180s", "errorGrace": "20s"}
        defaults = {
            "route": manifests.route(self.host),
            "analysis": analysis,
            "workload": manifests.workload(replicas=2),
        }
        values = manifests.manifest(NAME, version, image, strategy, **{**defaults, **changes})
        self.paths[version] = manifests.write(self.stage.folder, values)
        return self.paths[version]

    def configure(self, version: str, strategy: Mapping[str, Any] = manifests.CANARY, **changes: Any) -> None:
        """Declare a version and make the stack's configuration name it."""
        standby = changes.pop("standby", None)
        path = self.declare(version, strategy, **changes)
        self.stage.configure(NAME, path, self.paths[standby] if standby is not None else None)

    def back_to(self, version: str) -> None:
        """Make the configuration name a version that was declared before."""
        self.stage.configure(NAME, self.paths[version])

    def release(self, version: str, strategy: Mapping[str, Any] = manifests.CANARY, **changes: Any) -> Result:
        """`pulumi up` with this version."""
        self.configure(version, strategy, **changes)
        return self.stage.up()

    def released(self, version: str, strategy: Mapping[str, Any] = manifests.CANARY, **changes: Any) -> Result:
        """A release that must succeed."""
        result = self.release(version, strategy, **changes)
        assert result.code == 0, result.output
        return result

    # -- the cluster ---------------------------------------------------------------------------------------

    @property
    def world(self) -> Adapters:
        """The rollout's own view of the cluster."""
        return connect_adapters(NAME, KubernetesTarget(namespace=self.stage.namespace))

    def head(self) -> Head:
        """The journal."""
        stored = self.world.journal.load()
        assert stored is not None, "there is no journal"
        return read_head(stored.content)

    def live(self) -> LiveRoute:
        """The route."""
        live = self.world.router.read()
        assert live is not None, "there is no route"
        return live

    def serving(self) -> str:
        """The version that has all the traffic by the route; `split` when several have some."""
        names = [service for service, share in self.live().shares.items() if share > 0]
        return self.version_of(names[0]) if len(names) == 1 else "split"

    def version_of(self, backend: str) -> str:
        """The version whose workload has this name."""
        from slipway.release.manifest.load import load
        from slipway.release.revision import revision_of
        from slipway.release.strategy import resolve

        revisions = {
            f"{NAME}-{revision_of(resolve(load(self.stage.folder / path)))}": version
            for version, path in self.paths.items()
        }
        return revisions[backend]

    def kubectl(self, *arguments: str) -> str:
        """A kubectl command in the service's namespace."""
        command = ["kubectl", "--namespace", self.stage.namespace, *arguments]
        done = subprocess.run(command, env=self.stage.environment, capture_output=True, text=True, check=True)
        return done.stdout

    def deployments(self) -> set[str]:
        """Names of the Deployments in the namespace."""
        found = json.loads(self.kubectl("get", "deployments", "--output", "json"))
        return {item["metadata"]["name"] for item in found["items"]}

    def written(self) -> dict[str, str]:
        """Every object of the namespace that a rollout could write -> what changes with each write: of a Lease and a
        ConfigMap the resourceVersion, of the others all but what controllers write as their status. Release records
        are left out: they only grow, and outlive the service."""
        client = connect(self.stage.namespace)
        leases = [(item.metadata, "lease") for item in client.list(Lease)]
        kept: dict[str, Any] = {"slipway.dev/part": not_equal("releases")}
        maps = [(item.metadata, "configmap") for item in client.list(ConfigMap, labels=kept)]
        kinds = ["get", "deployments,services,httproutes,pdb", "--output", "json", "--show-managed-fields"]
        found = {f"{kind}/{meta.name}": str(meta.resourceVersion) for meta, kind in leases + maps if meta is not None}
        others = json.loads(self.kubectl(*kinds))["items"]
        return found | {f"{one['kind']}/{one['metadata']['name']}": without_status(one) for one in others}


def without_status(found: dict[str, Any]) -> str:
    """An object as JSON without its status and what a write of the status alone changes. The managed fields that stay
    tell a write that was taken back from none."""
    metadata = dict(found["metadata"])
    del metadata["resourceVersion"]
    metadata["managedFields"] = [one for one in metadata["managedFields"] if one.get("subresource") != "status"]
    return json.dumps({**found, "metadata": metadata, "status": None}, sort_keys=True)


def holds(service: Service, version: str, seconds: float) -> bool:
    """Whether the route gives everything to this version at each look, for so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if service.serving() != version:
            return False
        time.sleep(0.05)
    return True


def says(log: Path, *words: str) -> bool:
    """Whether one line of a command's output has all these words."""
    return any(all(word in line for word in words) for line in log.read_text(errors="replace").splitlines())


def until(condition: Callable[[], bool], what: str, within: float = WITHIN) -> None:
    """Poll until the condition holds; fails naming `what`."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"waited {within:g}s in vain: {what}"
        time.sleep(0.05)


def traffic_at(load: Load, version: str, requests: int = 20) -> None:
    """Wait until this version has answered so many requests."""
    load.await_counts(lambda seen: seen.count(version) > requests, WITHIN, f"traffic at {version}")


def failures(load: Load) -> list[str]:
    """What the client saw fail, for a readable assertion."""
    counts = load.snapshot()
    began = counts.intervals[0].start if counts.intervals else 0.0
    return [f"{one.at - began:.2f}s {one.version} {one.status} {one.detail}" for one in counts.failures]
