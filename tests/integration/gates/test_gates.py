"""The gates over a real release: real engine, provider, cluster and registry, with the pack and without it."""

from __future__ import annotations

import copy
import itertools
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import world
from sandbox.sample.binaries import binaries
from sandbox.sample.images import publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.project import Stage
from slipway.release.records.journal import read_head
from slipway.release.target import KubernetesTarget
from slipway.rollout.assemble import connect_adapters
from tests.policies.releases.scene import CONFIGURATION, write_pack
from tests.vouched import Vouched, vouch

NAME = "checkout"
_numbers = itertools.count()
PACKED = ("--policy-pack", "policies")


class Gated:
    """A stage whose gates are enforced, and one service with vouched releases."""

    def __init__(self, stage: Stage, images: dict[str, str], host: str) -> None:
        self.stage, self.images, self.host = stage, images, host
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.configuration: dict[str, Any] = copy.deepcopy(CONFIGURATION)
        registry = images["v1"].partition("/")[0]
        self.configuration["artifact-integrity"] = {"plainHttp": [registry]}
        write_pack(stage.folder, self.configuration)

    def declare(self, version: str) -> Vouched:
        """A complete release of the sample."""
        folder = self.stage.folder / "releases" / version
        folder.mkdir(parents=True)
        plain = manifests.manifest(NAME, version, self.images[version], manifests.CANARY)
        reason = "a stage of seconds in a test, nobody uses it"
        resources = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
        return vouch(
            folder,
            now=self.now,
            service=NAME,
            version=version,
            artifact=plain["artifact"],
            strategy={**plain["strategy"], "reason": reason},
            workload=manifests.workload(replicas=1, resources=resources),
            route=manifests.route(self.host),
            guardrails=plain["guardrails"],
            analysis={"tick": "1s", "dwell": "1s", "horizon": "60s", "errorGrace": "20s"},
            rollback=plain["rollback"],
        )

    def configure(self, it: Vouched) -> str:
        """Write the release and let both stacks name it."""
        path = it.root / "release.yaml"
        path.write_text(yaml.safe_dump(it.manifest, sort_keys=False))
        name = str(path.relative_to(self.stage.folder))
        self.stage.configure(NAME, name)
        staging = {"config": {"releases:services": {NAME: {"manifest": name}}}}
        (self.stage.folder / "Pulumi.staging.yaml").write_text(yaml.safe_dump(staging))
        return name

    def freeze(self) -> None:
        """A freeze that began a minute ago."""
        window = {"name": "now", "start": (self.now - timedelta(minutes=1)).isoformat()}
        end = (self.now + timedelta(days=1)).isoformat()
        self.configuration["freeze"] = {"windows": [{**window, "end": end, "allowHotfix": False}]}
        write_pack(self.stage.folder, self.configuration)

    def traffic(self) -> Load:
        """Users, without whom no step would be judged."""
        variables = self.stage.environment
        options = LoadOptions(duration=300.0, netns=Path(variables["SLIPWAY_NETNS"]))
        out = self.stage.folder.parent / f"load{next(_numbers)}.jsonl"
        return Load(variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], self.host, 200.0, out, options)

    def serving(self) -> str:
        """The version that serves, by the journal."""
        stored = connect_adapters(NAME, KubernetesTarget(namespace=self.stage.namespace)).journal.load()
        assert stored is not None
        head = read_head(stored.content)
        assert head.serving is not None
        return head.serving.backend.version


@pytest.fixture
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gated]:
    world.up()
    variables = world.environment()
    monkeypatch.setenv("SLIPWAY_KUBECONFIG", variables["KUBECONFIG"])
    images = publish(variables["SLIPWAY_REGISTRY"], binaries().sample)
    name = f"g{os.getpid()}-{next(_numbers)}"
    (tmp_path / "backend").mkdir()
    own = {**variables, "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}"}
    stage = Stage(tmp_path / "project", "prod", f"slipway-{name}", own)
    stage.gates = {"mode": "enforce"}
    stage.create()
    yield Gated(stage, images, f"{name}.example")
    stage.abandon()


def test_a_vouched_release_goes_out_stays_green_and_can_be_returned_to_in_a_freeze(gated: Gated) -> None:
    stage = gated.stage
    first = gated.configure(gated.declare("v1"))
    checked = stage.slipway("gates", "--stack", "prod", "--manifest", first, "--ask", "cluster")
    assert checked.code == 0, checked.output

    result = stage.up(*PACKED)
    assert result.code == 0, result.output
    assert gated.serving() == "v1"
    (record,) = [one for one in stage.deployment()["deployment"]["resources"] if one["type"].endswith("index:Release")]
    assert record["outputs"]["verdict"]["outcome"] == "passed"
    assert {item["facts"]["kind"] for item in record["outputs"]["evidence"]["items"]} >= {"tests", "qa", "approval"}
    assert record["outputs"]["observed"]["artifact"]["digest"] == gated.images["v1"].partition("@")[2]

    gated.configure(gated.declare("v2"))
    with gated.traffic():
        unpacked = stage.up()
    assert unpacked.code == 0, f"without the pack the same gates let it pass: {unpacked.output}"
    assert gated.serving() == "v2"

    gated.freeze()
    unchanged = stage.preview("--expect-no-changes", *PACKED)
    assert unchanged.code == 0, unchanged.output

    stage.configure(NAME, first)
    with gated.traffic():
        back = stage.up(*PACKED)
    assert back.code == 0, back.output
    assert gated.serving() == "v1"


def test_a_refused_release_moves_nothing_with_the_pack_and_without_it(gated: Gated) -> None:
    stage = gated.stage
    first = gated.configure(gated.declare("v1"))
    assert stage.up().code == 0
    deployments = stage_deployments(stage)

    broken = gated.declare("v2")
    broken.manifest["approvals"] = []
    path = gated.configure(broken)
    for packed in ((), PACKED):
        result = stage.up(*packed)
        assert result.code != 0
        assert "no valid approval as service-owner" in result.output
        assert "Traceback" not in result.output
    assert stage.slipway("gates", "--stack", "prod", "--manifest", path).code == 1
    assert gated.serving() == "v1"
    assert stage_deployments(stage) == deployments
    refused, released = json.loads(stage.slipway("history", NAME, "--stack", "prod", "--json").output)["services"][NAME]
    assert (refused["outcome"], refused["version"], released["outcome"]) == ("gates refused", "v2", "committed")
    assert "approvals/missing" in refused["reason"]
    assert "@" in refused["by"]

    broken.manifest["qa"]["recommendation"] = "no-go"
    gated.configure(broken)
    stage.configure(NAME, first)
    before = stage.config_file.read_bytes()
    forward = stage.slipway("release", NAME, path, "--stack", "prod", "--yes")
    assert forward.code == 1
    assert "no valid approval as service-owner" in forward.output
    assert "<qa/" in forward.output, "every gate is told"
    assert stage.config_file.read_bytes() == before


def stage_deployments(stage: Stage) -> set[str]:
    """Names of the Deployments in the stack's state."""
    resources = json.loads(stage.checked("stack", "export"))["deployment"]["resources"]
    return {one["outputs"]["metadata"]["name"] for one in resources if one["type"].endswith(":Deployment")}
