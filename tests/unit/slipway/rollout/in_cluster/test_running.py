"""One process of a Job: what it does with its order, and what its exit code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from slipway.release.errors import ClusterAway, LeaseLost
from slipway.release.records.journal import Head, Outcome
from slipway.release.run_order import is_attempt_of
from slipway.rollout.in_cluster.report import RunReport, read_report
from slipway.rollout.in_cluster.running import AGAIN, ENDED
from slipway.rollout.platforms.base import Intent
from tests.unit.slipway.rollout.examples import attempt, head
from tests.unit.slipway.rollout.in_cluster.job import InCluster


def reported(world: InCluster) -> RunReport:
    found = read_report(world.runs.read_report("order1"))
    assert found is not None
    return found


def write(world: InCluster, what: Head) -> None:
    """Somebody else writes the journal."""
    stored = world.journal.load()
    assert stored is not None
    world.journal.save(what.to_json(), stored.version)


def test_it_carries_the_order_out_and_reports_its_lines_and_its_end() -> None:
    world = InCluster()
    assert world.process(world.order()) == ENDED
    assert world.shares() == [25.0, 100.0]
    assert world.head.attempt is not None
    assert world.head.attempt.outcome is Outcome.COMMITTED
    assert is_attempt_of("order1", world.head.attempt.id)
    report = reported(world)
    assert report.end is not None
    assert report.end.kind == "done"
    assert any("25% to" in line.text for line in report.lines)
    assert [line.number for line in report.lines] == list(range(1, len(report.lines) + 1))


def test_an_abort_is_an_end_too() -> None:
    world = InCluster()
    world.traffic.bad["checkout-bbbbbbbb"] = 0.3
    assert world.process(world.order()) == ENDED
    end = reported(world).end
    assert end is not None
    assert (end.kind, end.quarantined) == ("RolloutAborted", True)
    assert world.head.attempt is not None
    assert world.head.attempt.outcome is Outcome.ABORTED


def test_a_pod_that_is_told_to_go_puts_the_traffic_back_and_leaves_the_order_to_the_next() -> None:
    world = InCluster()

    def evict() -> None:
        world.told_to_go.set()
        world.pod_cancelled.set()

    world.clock.at(3.0, evict)
    assert world.process(world.order()) == AGAIN
    assert world.head.attempt is not None
    assert world.head.attempt.outcome is Outcome.INTERRUPTED
    assert world.shares()[-1] == 0.0
    assert reported(world).end is None
    world.told_to_go.clear()
    world.pod_cancelled.clear()
    assert world.process(world.order()) == ENDED
    assert world.shares()[-2:] == [25.0, 100.0]
    assert len(set(world.head.recorded)) == 2, "each process has an attempt of its own"


def test_the_process_after_one_that_died_puts_the_traffic_back_before_it_begins_anew() -> None:
    world = InCluster()
    world.clock.at(2.0, lambda: world.fence.lose("killed"))
    assert world.process(world.order()) == AGAIN
    assert world.head.unfinished
    world.fence.arm("x")
    assert world.process(world.order()) == ENDED
    assert world.shares() == [25.0, 0.0, 25.0, 100.0]


def test_a_rollout_that_is_no_longer_its_own_ends_the_order() -> None:
    world = InCluster()
    write(world, head(stack="releases/other"))
    assert world.process(world.order()) == ENDED
    end = reported(world).end
    assert end is not None
    assert end.kind == "ReleaseRefused"


def test_the_word_of_an_interrupted_up_puts_the_traffic_back_and_blames_nobody() -> None:
    world = InCluster(
        strategy={"kind": "canary", "steps": [{"weight": 25, "bake": "600s"}, {"weight": 100, "bake": "1s"}]}
    )
    world.clock.at(3.0, world.pod_cancelled.set)  # what Hearing does
    assert world.process(world.order()) == ENDED
    assert world.head.quarantined == {}
    assert world.head.attempt is not None
    assert (world.head.attempt.outcome, world.head.attempt.by) == (Outcome.INTERRUPTED, "executor")
    assert "interrupted" in str(reported(world).end)


def test_an_order_that_has_ended_is_not_carried_out_again() -> None:
    world = InCluster()
    world.process(world.order())
    writes = len(world.router.history)
    assert world.process(world.order()) == ENDED
    assert len(world.router.history) == writes


def test_an_attempt_of_another_order_that_is_unfinished_is_repaired_first() -> None:
    world = InCluster()
    write(world, head(stack="releases/test", attempt=attempt()))
    assert world.process(world.order()) == ENDED
    assert any("goes back" in line.text for line in reported(world).lines)


def test_what_cannot_be_seen_is_no_end() -> None:
    world = InCluster()
    world.clock.at(2.0, lambda: world.journal.faults.next("load", ClusterAway("away"), 10_000))
    world.clock.at(2.0, lambda: world.fence.lose("the Lease is lost"))
    assert world.process(world.order()) == AGAIN


def test_the_removal_of_a_service_is_an_order_as_well() -> None:
    world = InCluster("aaaaaaaa")
    order = world.order().model_copy(update={"task": "remove"})
    assert world.process(order) == ENDED
    assert world.router.read() is None
    assert world.journal.load() is None


@pytest.mark.parametrize("content", [None, "{", "{}", '{"format": 99}'])
def test_an_order_that_cannot_be_read_is_exit_code_2(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "order.json"
    if content is not None:
        path.write_text(content)
    command = [sys.executable, "-m", "slipway.rollout.runner", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.startswith("no order: ")) == (2, True)
    assert "Traceback" not in done.stderr


def test_a_lost_lease_is_said_in_its_own_kind() -> None:
    world = InCluster()
    world.clock.at(2.0, lambda: world.fence.lose("another has it"))
    world.clock.at(2.0, lambda: write(world, head(stack="releases/test")))
    assert world.process(world.order()) == ENDED
    end = reported(world).end
    assert end is not None
    with pytest.raises(LeaseLost):
        end.raise_if_failed()


def test_an_intent_for_another_rollout_is_not_the_word_to_end() -> None:
    world = InCluster()
    world.intents.write(Intent("i", "cancel", "pulumi up", 0.0, "", "other"))
    assert world.process(world.order()) == ENDED
    assert reported(world).end is not None
    assert world.shares() == [25.0, 100.0]
