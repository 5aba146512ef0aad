"""A Rollout is what its manifest says: what differs is refused by the pack (`gated`) and by the provider's check."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2

from policies.gates import RULES
from policies.pack import Pack
from policies.rule import Resource, ResourceRule
from slipway.plugin.release_resource import ReleaseResource
from slipway.plugin.run_memory import RunMemory
from slipway.release.declared import read_manifest
from slipway.release.release_inputs import Observed
from slipway.release.rollout_inputs import MetricsSource, RolloutInputs
from slipway.release.target import KubernetesTarget
from tests.policies.releases.scene import NAMESPACE, Scene

PATH = "releases/checkout/1.0.0.yaml"
METRICS = MetricsSource(kind="prometheus", url="http://prometheus.example:9090")
Props = dict[str, Any]

CHANGES: list[tuple[str, Callable[[Props], object]]] = [
    ("strategy", lambda it: it.update(strategy={"kind": "canary", "steps": [{"weight": 100, "bake": 1}]})),
    ("strategy.steps[0].bake", lambda it: it["strategy"]["steps"][0].update(bake=1)),
    ("guardrails[0].tolerate", lambda it: it["guardrails"][0].update(tolerate=10)),
    ("guardrails[0].negligible", lambda it: it["guardrails"][0].update(negligible=0.99)),
    ("guardrails", lambda it: it["guardrails"].append({**it["guardrails"][0], "name": "second"})),
    ("analysis.falsePromote", lambda it: it["analysis"].update(falsePromote=0.4)),
    ("analysis.warmUp", lambda it: it["analysis"].update(warmUp=600)),
    ("route.hostnames[0]", lambda it: it["route"].update(hostnames=["elsewhere.example"])),
    ("route.gateway.name", lambda it: it["route"]["gateway"].update(name="private")),
    ("retry", lambda it: it.update(retry={"reason": "because it is late"})),
    ("owner.oncall", lambda it: it["owner"].update(oncall="https://nobody.example")),
    ("candidate.replicas", lambda it: it["candidate"].update(replicas=1)),
    ("candidate.image", lambda it: it["candidate"].update(image="registry.example/x@sha256:" + "e" * 64)),
    ("candidate.deployment", lambda it: it["candidate"].update(deployment="by-hand")),
    ("candidate.version", lambda it: it["candidate"].update(version="2.0.0")),
]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    made = Scene(tmp_path_factory.mktemp("project"))
    made.service("checkout")
    made.write()
    return made


def declared(scene: Scene) -> Props:
    """The Rollout as the components declare it."""
    release = read_manifest(scene.root, PATH).release
    return RolloutInputs.of(
        release, target=KubernetesTarget(namespace=NAMESPACE), metrics=METRICS, manifest=PATH
    ).to_wire()


def said_by_the_pack(scene: Scene, props: Props) -> dict[str, list[str]]:
    pack = Pack(scene.root, scene.root / "policies", now=lambda: scene.now)
    pack.configure(pack.configured_for("prod"))
    pack.judged["checkout"] = PATH
    kind = "slipway:index:Rollout"
    one = Resource(kind, "checkout", scene.urn("checkout", kind), props)
    rules = [rule for rule in RULES.values() if isinstance(rule, ResourceRule) and kind in rule.types]
    said = {rule.gate.name: list(pack.of_resource(rule, one)) for rule in rules}
    return {name: lines for name, lines in said.items() if lines}


@pytest.fixture(scope="module")
def provider(scene: Scene) -> RunMemory:
    """A provider in which the Release of checkout passed."""
    seen = Observed.model_validate(scene.services["checkout"].observed)
    memory = RunMemory()
    resource = ReleaseResource(memory, scene.root, observe=lambda *_: seen, now=lambda: scene.now)
    news = struct_pb2.Struct()
    json_format.ParseDict(scene.inputs("checkout"), news)
    response = resource.check(provider_pb2.CheckRequest(urn=scene.urn("checkout"), news=news))
    assert not response.failures, response.failures
    return memory


def said_by_the_provider(provider: RunMemory, props: Props) -> str | None:
    return provider.refusal_reason("releases/prod", RolloutInputs.model_validate(props))


def test_a_rollout_from_its_manifest_passes(scene: Scene, provider: RunMemory) -> None:
    assert said_by_the_pack(scene, declared(scene)) == {}
    assert said_by_the_provider(provider, declared(scene)) is None


def test_what_the_stack_says_is_its_own(scene: Scene, provider: RunMemory) -> None:
    props = declared(scene) | {"gatewayUrl": "http://gateway.example", "probe": {"rate": 5, "path": "/"}}
    assert said_by_the_pack(scene, props) == {}
    assert said_by_the_provider(provider, props) is None


@pytest.mark.parametrize(("path", "change"), CHANGES, ids=[path for path, _ in CHANGES])
def test_a_rollout_that_differs_is_refused_by_both(
    scene: Scene, provider: RunMemory, path: str, change: Callable[[Props], object]
) -> None:
    props = copy.deepcopy(declared(scene))
    change(props)
    said = said_by_the_pack(scene, props)
    assert list(said) == ["gated"], said
    assert "<gated/altered>" in said["gated"][0]
    assert f"{path}" in "\n".join(said["gated"])
    refused = said_by_the_provider(provider, props)
    assert refused is not None
    assert f"{path} is " in refused or f"{path}." in refused
    assert "\n" not in refused


def test_another_manifest_than_the_one_that_was_judged_is_refused_by_both(scene: Scene, provider: RunMemory) -> None:
    props = declared(scene) | {"manifest": "releases/checkout/0.9.0.yaml"}
    assert "<gated/unjudged>" in said_by_the_pack(scene, props)["gated"][0]
    assert "manifest is releases/checkout/0.9.0.yaml" in (said_by_the_provider(provider, props) or "")


def test_a_standby_that_no_manifest_of_the_stack_describes_is_refused(scene: Scene) -> None:
    props = declared(scene)
    props["standby"] = {**props["candidate"], "revision": "0" * 8}
    assert "<gated/unknown>" in said_by_the_pack(scene, props)["gated"][0]


def test_a_value_that_is_not_known_yet_is_refused(scene: Scene) -> None:
    from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

    props = declared(scene)
    props["route"]["hostnames"] = [UNKNOWN_STRING_VALUE]
    assert "<gated/unknown>" in said_by_the_pack(scene, unknown_checking_proxy(props))["gated"][0]
