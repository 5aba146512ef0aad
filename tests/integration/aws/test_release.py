"""Releases on ECS with the real engine: the plan, the weights on the load balancer, the verdict on its traffic; and a
second service of the same stack, on Kubernetes."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.ecs import Aws, EcsStage, MixedStage, ground
from sandbox.stage.project import Result

SERVICE, OTHER = "checkout", "cart"
HOST = "checkout.example"
RATE = 150.0
STEPS = {"kind": "canary", "steps": [{"weight": weight, "bake": "2s"} for weight in (10, 50, 100)]}
LONGEST = 240.0


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, variables: Mapping[str, str]) -> Iterator[EcsStage]:
    """A stack of its own on a cluster, load balancer and table of its own, and a namespace as its second place."""
    with ground(f"ecs{os.getpid()}-{secrets.token_hex(2)}", variables) as found:
        made = MixedStage(tmp_path_factory.mktemp("ecs") / "releases", found.name, SERVICE, found, variables)
        made.create()
        try:
            yield made
        finally:
            made.destroy()


def release(stage: EcsStage, version: str, image: str) -> Result:
    values = manifests.manifest(SERVICE, version, image, STEPS)
    values["route"] = {"hostnames": [HOST]}
    stage.configure(SERVICE, manifests.write(stage.folder, values))
    return stage.up()


@contextmanager
def load(stage: EcsStage, out: Path) -> Iterator[Load]:
    """Users of the service, until the end of the block."""
    netns = Path(stage.environment["SLIPWAY_NETNS"])
    options = LoadOptions(duration=LONGEST, netns=netns)
    with Load(stage.ground.loopback_url, HOST, RATE, out, options) as found:
        found.await_counts(lambda counts: counts.count() > RATE, 30.0, "no requests")
        yield found


def weights(stage: EcsStage) -> list[float]:
    return sorted(stage.outputs()["services"][SERVICE]["weights"].values())


def both(stage: EcsStage) -> dict[str, str]:
    """What serves of each service, wherever it runs, as the command says it."""
    told = stage.slipway("status", "--stack", stage.stack, "--json")
    assert told.code == 0, told.output
    return {one["service"]: one["serving"]["version"] for one in json.loads(told.output)["services"]}


def test_a_canary_on_ecs_completes_or_is_put_back(
    stage: EcsStage, images: Mapping[str, str], variables: Mapping[str, str], tmp_path: Path
) -> None:
    beside = manifests.write(stage.folder, manifests.manifest(OTHER, "1.0.0", images["v1"], STEPS))
    stage.configure(OTHER, beside, place="cluster")
    first = release(stage, "1.0.0", images["v1"])
    assert first.code == 0, first.output
    assert weights(stage) == [100.0]
    assert both(stage) == {SERVICE: "1.0.0", OTHER: "1.0.0"}
    assert stage.preview("--expect-no-changes").code == 0

    with load(stage, tmp_path / "good.jsonl") as running:
        second = release(stage, "2.0.0", images["v2"])
        assert second.code == 0, second.output
        good = running.stop()
    assert good.failed() == 0
    assert good.count("v2") > RATE
    ecs = Aws(variables).ecs
    assert len(ecs.list_services(cluster=stage.ground.name)["serviceArns"]) == 1, "the old set is deleted"
    assert both(stage) == {SERVICE: "2.0.0", OTHER: "1.0.0"}

    with load(stage, tmp_path / "bad.jsonl") as running:
        third = release(stage, "3.0.0", images["errors-5"])
        end = running.stop()
    assert third.code != 0
    assert "aborted at 10%" in third.output, third.output
    assert end.failed() == end.failed("errors-5") > 0
    assert weights(stage) == [100.0]
