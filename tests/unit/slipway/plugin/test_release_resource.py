"""The Release resource: what its check refuses, records and remembers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2

from slipway.plugin.refusals import refusal_of
from slipway.plugin.release_resource import ReleaseResource, parse
from slipway.plugin.run_memory import RunMemory
from slipway.release.declared import read_manifest
from slipway.release.gating.configuration import Configuration
from slipway.release.gating.judge import Judgement
from slipway.release.release_inputs import Observed, ReleaseInputs
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.target import KubernetesTarget
from tests.policies.releases.broken import FALSE_ACCEPTANCES, RELEASES
from tests.policies.releases.scene import Scene
from tests.unit.slipway.rollout.examples import wanted

STACK = "releases/prod"
OFF = {"mode": "off", "reason": "a stage that is thrown away"}


class World:
    """A project with one complete release, and the resource that is asked about it."""

    def __init__(self, root: Path) -> None:
        self.scene = Scene(root)
        self.declared = self.scene.service("checkout")
        self.observed = Observed.model_validate(self.declared.observed)
        self.seen: object = None
        self.memory = RunMemory()
        self.resource = ReleaseResource(self.memory, project=root, observe=self.observe, now=lambda: self.scene.now)

    def observe(self, inputs: ReleaseInputs, olds: object, configuration: Configuration) -> Observed:
        self.seen = olds
        return self.observed.model_copy(update={"judged": (inputs.sha256,)})

    def check(self, olds: dict[str, Any] | None = None, **props: Any) -> provider_pb2.CheckResponse:
        self.scene.write()
        news = {**self.scene.inputs("checkout"), **props}
        return self.resource.check(
            provider_pb2.CheckRequest(urn=self.scene.urn("checkout"), news=_struct(news), olds=_struct(olds or {}))
        )

    def refusal(self, rollout: RolloutInputs, stack: str = STACK) -> str | None:
        return self.memory.refusal_reason(stack, rollout)

    def checked(self, **props: Any) -> dict[str, Any]:
        response = self.check(**props)
        assert not response.failures, response.failures
        return dict(json_format.MessageToDict(response.inputs))


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    json_format.ParseDict(json.loads(json.dumps(values)), struct)
    return struct


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_complete_release_is_recorded_with_its_evidence_and_verdict(world: World) -> None:
    inputs = world.checked()
    kinds = {item["facts"]["kind"] for item in inputs["evidence"]["items"]}
    assert {"tests", "coverage", "qa", "approval", "provenance"} <= kinds
    created = world.resource.create(
        provider_pb2.CreateRequest(urn=world.scene.urn("checkout"), properties=_struct(inputs))
    )
    assert created.id == "shop/checkout"
    outputs = json_format.MessageToDict(created.properties)
    assert outputs["verdict"]["outcome"] == "passed"
    assert outputs["sha256"] == inputs["sha256"]


def test_a_release_that_is_recorded_makes_ready_for_its_rollout_and_one_that_is_planned_does_not(world: World) -> None:
    asked: list[str] = []
    resource = replace(world.resource, prepare=lambda: asked.append("prepare"))
    urn, inputs = world.scene.urn("checkout"), _struct(world.checked())
    resource.create(provider_pb2.CreateRequest(urn=urn, properties=inputs, preview=True))
    resource.update(provider_pb2.UpdateRequest(urn=urn, news=inputs, olds=inputs, preview=True))
    assert not asked
    resource.create(provider_pb2.CreateRequest(urn=urn, properties=inputs))
    resource.update(provider_pb2.UpdateRequest(urn=urn, news=inputs, olds=inputs))
    assert len(asked) == 2


def test_without_the_pack_the_check_refuses_by_the_same_gates(world: World) -> None:
    world.declared.it.manifest["approvals"] = []
    failures = world.check().failures
    assert [failure.property for failure in failures] == ["approvals"]
    assert "<approvals/missing>" in failures[0].reason
    assert "Owner: payments" in failures[0].reason
    assert failures[-1].reason.splitlines()[-1].startswith("Next: mend what is listed; `slipway gates --stack ")


@pytest.mark.parametrize("name", FALSE_ACCEPTANCES)
def test_what_looks_clean_and_is_not_is_refused_by_its_rule_alone(world: World, name: str) -> None:
    one = next(one for one in RELEASES if one.name == name)
    one.breaks(world.declared)
    reasons = [failure.reason for failure in world.check().failures]
    assert reasons
    for reason in reasons:
        assert f"<{one.rule}/" in reason
    assert any(f"<{one.rule}/{one.code}>" in reason for reason in reasons)


def test_what_the_program_claims_to_have_observed_is_dropped(world: World) -> None:
    world.observed = Observed()
    world.declared.observed = {"settled": True, "artifact": {"image": "x", "exists": True}}
    assert {failure.property for failure in world.check().failures} == {"artifact.image"}


def test_gates_that_are_off_need_a_reason_and_read_nothing(world: World) -> None:
    world.declared.it.manifest["approvals"] = []
    judged = ["f" * 64]
    inputs = json_format.MessageToDict(world.check(olds={"observed": {"judged": judged}}, gates=OFF).inputs)
    assert "evidence" not in inputs
    assert inputs["observed"] == {"settled": False, "first": False, "judged": judged}
    assert world.seen is None, "nobody was asked"
    assert world.check(gates={"mode": "off"}).failures
    updated = world.resource.update(
        provider_pb2.UpdateRequest(urn=world.scene.urn("checkout"), news=_struct(inputs))
    ).properties
    assert json_format.MessageToDict(updated)["verdict"] == {"outcome": "not judged", "reason": OFF["reason"]}


def test_gates_without_a_configuration_refuse_and_say_what_to_do(world: World) -> None:
    failures = world.check(gates={"mode": "enforce", "config": "policies/config/gone.json"}).failures
    assert len(failures) == 1
    assert "policies/config/gone.json" in failures[0].property
    assert "turn the gates off there with a reason" in failures[0].reason


def test_malformed_inputs_are_failures_of_check(world: World) -> None:
    assert {failure.property for failure in world.check(sha256="short", colour="blue").failures} == {"sha256", "colour"}


def test_what_was_observed_is_no_change_and_everything_else_is(world: World) -> None:
    inputs = world.checked()

    def diff(**changes: Any) -> list[str]:
        request = provider_pb2.DiffRequest(old_inputs=_struct(inputs), news=_struct({**inputs, **changes}))
        return list(world.resource.diff(request).diffs)

    assert diff() == []
    assert diff(observed={"settled": True}) == []
    assert diff(sha256="0" * 64) == ["sha256"]
    request = provider_pb2.DiffRequest(old_inputs=_struct(inputs), news=_struct({**inputs, "namespace": "other"}))
    assert list(world.resource.diff(request).replaces) == ["namespace"]


def test_the_record_is_all_there_is_to_read(world: World) -> None:
    inputs = _struct(world.checked())
    read = world.resource.read(provider_pb2.ReadRequest(id="shop/checkout", properties=inputs, inputs=inputs))
    assert (read.id, read.inputs) == ("shop/checkout", inputs)


def test_a_rollout_is_refused_unless_the_release_of_its_revision_passed_before(world: World) -> None:
    first = wanted(world.scene.services["checkout"].it.digest[7:15])
    assert "no Release of checkout" in (world.refusal(first) or "")
    world.checked()
    assert "no Release of checkout" in (world.refusal(first) or ""), "another revision passed"
    candidate = rollout(world)
    assert world.refusal(candidate) is None
    other = candidate.model_copy(update={"namespace": "elsewhere"})
    assert "no Release of checkout" in (world.refusal(other) or "")


def test_gates_that_are_off_compare_no_rollout_with_a_manifest(world: World) -> None:
    world.check(gates=OFF)
    assert world.refusal(rollout(world, guardrails=())) is None


def rollout(world: World, **changes: Any) -> RolloutInputs:
    path = world.scene.inputs("checkout")["manifest"]
    release = read_manifest(world.scene.root, path).release
    inputs = RolloutInputs.of(
        release, target=KubernetesTarget(namespace="shop"), metrics=wanted().metrics, manifest=path
    )
    return inputs.model_copy(update=changes)


def test_a_release_that_was_refused_lets_no_rollout_pass(world: World) -> None:
    world.declared.it.manifest["approvals"] = []
    world.check()
    revision = world.scene.inputs("checkout")["revision"]
    assert world.refusal(wanted(revision)) is not None


def test_what_passed_before_lets_nothing_pass_that_is_refused_now(world: World) -> None:
    world.checked()
    assert world.refusal(rollout(world)) is None
    world.observed = Observed()
    assert world.check().failures
    assert "no Release of checkout" in (world.refusal(rollout(world)) or "")


def test_what_passed_in_one_stack_lets_nothing_pass_in_another(world: World) -> None:
    world.checked()
    assert world.refusal(rollout(world)) is None
    assert "no Release of checkout" in (world.refusal(rollout(world), stack="releases/staging") or "")


def test_a_settled_release_goes_by_its_record_whatever_became_of_its_evidence(world: World) -> None:
    inputs = world.checked()
    world.observed = Observed(settled=True)
    for file in world.declared.it.root.glob("*.json"):
        file.unlink()
    again = world.check(olds=inputs)
    assert not again.failures
    recorded = json_format.MessageToDict(again.inputs)
    assert recorded["evidence"] == inputs["evidence"], "an unchanged stack shows no change"
    world.observed = Observed()
    assert world.check(olds=inputs).failures


def test_refused_inputs_go_back_with_what_was_observed_for_the_pack_to_judge(world: World) -> None:
    world.declared.it.manifest["approvals"] = []
    found = json_format.MessageToDict(world.check().inputs)
    assert found["service"] == "checkout"
    assert found["observed"]["artifact"]["exists"] is True
    assert "evidence" not in found


def test_what_the_gates_refuse_is_put_on_record_with_every_gate(world: World) -> None:
    kept: list[Judgement] = []

    def keep(_project: Path, _inputs: ReleaseInputs, judgement: Judgement) -> str:
        kept.append(judgement)
        return "the store is away"

    world.resource = replace(world.resource, keep=keep)
    world.checked()
    assert kept == []
    world.declared.it.manifest["approvals"] = []
    refused = world.check()
    (judgement,) = kept
    record = refusal_of(parse(world.scene.inputs("checkout")), judgement, "ada@host", 5.0)
    assert {one.gate for one in record.event.findings} == {entry.finding.gate for entry in judgement.refusing} != set()
    assert (record.by, record.subject.version) == ("ada@host", world.declared.it.manifest["version"])
    assert "This refusal is not on record: the store is away" in refused.failures[-1].reason
