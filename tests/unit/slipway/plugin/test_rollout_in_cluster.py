"""What the engine is answered where the rollout runs in a Job."""

from __future__ import annotations

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, provider_pb2

from slipway.plugin.run_memory import RunMemory
from slipway.plugin.structs import to_plain, to_struct
from tests.unit.slipway.plugin.test_provider import URN, Stage
from tests.unit.slipway.rollout.in_cluster.job import InCluster


@pytest.fixture(autouse=True)
def _judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunMemory, "refusal_reason", lambda self, stack, wanted: None)


def test_an_update_is_carried_out_by_a_job_and_answered_as_any_other() -> None:
    world = InCluster()
    world.when_started(world.job)
    stage = Stage(world.world)
    answer = stage.update(world.wanted)
    assert answer is not None
    outputs = to_plain(answer.properties)
    assert outputs["weights"] == {"checkout-bbbbbbbb": 100.0}
    assert outputs["run"]["in"] == "cluster"
    assert world.processes == [0]


def test_a_preview_says_where_it_runs_and_makes_no_job() -> None:
    world = InCluster()
    stage = Stage(world.world)
    stage.update(world.wanted, preview=True)
    assert any("runs in a Job of the cluster" in line for line in stage.engine.of(engine_pb2.INFO))
    assert world.runs.orders == {}


def test_an_abort_in_the_job_fails_the_update_and_names_the_next_command() -> None:
    world = InCluster()
    world.traffic.bad["checkout-bbbbbbbb"] = 0.3
    world.when_started(world.job)
    stage = Stage(world.world)
    assert stage.update(world.wanted) is None
    assert "aborted at 25%" in stage.context.text
    assert "retry.reason" in stage.context.text


def test_the_end_of_a_service_is_a_job_as_well() -> None:
    world = InCluster("aaaaaaaa")
    world.when_started(world.job)
    stage = Stage(world.world)
    request = provider_pb2.DeleteRequest(urn=URN, old_inputs=to_struct(world.wanted.to_wire()))
    assert stage.provider.Delete(request, stage.context) == empty_pb2.Empty()
    assert (world.router.read(), world.journal.load(), world.processes) == (None, None, [0])
