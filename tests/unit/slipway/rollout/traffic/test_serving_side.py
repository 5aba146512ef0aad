"""What is said of the version that serves while a rollout runs."""

from __future__ import annotations

from slipway.rollout.measurement.totals import Totals
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.platforms.memory import MemoryWorkloads
from slipway.rollout.traffic.serving_side import ServingSide
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.simulation import Clock


def side() -> tuple[ServingSide, MemoryWorkloads, Clock]:
    clock, workloads = Clock(), MemoryWorkloads()
    workloads.put(backend())
    return ServingSide(workloads, backend(), clock.now, 1.0), workloads, clock


def test_nothing_is_said_of_a_version_that_is_well() -> None:
    serving, _, _ = side()
    serving.look(Totals(100, 1000, 1, 10))
    assert serving.note == ""
    assert serving.dead_for == 0


def test_missing_replicas_are_said_with_the_reason() -> None:
    serving, workloads, _ = side()
    workloads.put(backend(), Readiness(3, 2, 2, 0, "pod y: OOMKilled"))
    serving.look(Totals())
    assert serving.note == "the serving version v-aaaaaaaa has 2 of 3 replicas ready (pod y: OOMKilled)"


def test_a_version_that_was_scaled_to_nothing_lacks_what_it_declares() -> None:
    serving, workloads, clock = side()
    workloads.put(backend(), Readiness(0, 0, 0, 0))
    serving.look(Totals())
    clock.advance(12.0)
    serving.look(Totals())
    assert serving.note.startswith("the serving version v-aaaaaaaa has 0 of 3 replicas ready")
    assert serving.note.endswith("`slipway promote --all` ends the steps")
    assert serving.dead_for == 12.0


def test_one_that_comes_back_is_dead_no_longer() -> None:
    serving, workloads, clock = side()
    workloads.put(backend(), Readiness(3, 0, 0, 0))
    serving.look(Totals())
    clock.advance(5.0)
    workloads.put(backend())
    serving.look(Totals())
    assert serving.dead_for == 0
    assert serving.note == ""


def test_its_own_failures_are_said_and_a_changing_share_is_no_news() -> None:
    serving, _, clock = side()
    serving.look(Totals(10, 100, 0, 60))
    assert serving.note == "the serving version v-aaaaaaaa fails 60% of its requests"
    said = serving.state
    clock.advance(5.0)
    serving.look(Totals(10, 100, 0, 70))
    assert serving.state == said


def test_its_pods_are_not_read_at_every_look() -> None:
    serving, workloads, clock = side()
    for _ in range(8):
        serving.look(Totals())
        clock.advance(0.25)
    assert workloads.faults.calls.count("readiness") == 1
