"""What of an update goes into the release records: every end of a rollout, once, and with whatever was known of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.release.declared import read_manifest
from slipway.release.errors import ClusterError, RolloutAborted
from slipway.release.records import journal
from slipway.release.records.journal import Commit, Outcome, Quarantine
from slipway.rollout.recording import ReleaseFacts, ended_as
from tests.manifests import release
from tests.unit.slipway.rollout.examples import attempt, backend, head, wanted
from tests.unit.slipway.rollout.recording import GATES, SERVED, Recording
from tests.unit.slipway.rollout.test_operations import NoGuard


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)


def test_a_release_that_completed_is_one_record_with_its_steps_series_and_gates() -> None:
    it = Recording(head(completed=(SERVED,)))
    it.update()
    (one,) = it.found
    event = one.event
    assert (event.ending, event.course, event.strategy, event.ended_by) == (
        "committed",
        "forward",
        "canary",
        "executor",
    )
    assert [step.weight for step in event.steps] == [25.0, 100.0]
    assert event.leaves is not None
    assert (event.leaves.version, event.leaves.manifest) == ("v-aaaaaaaa", "releases/1.yaml")
    assert event.gates == GATES
    assert [one.kind for one in event.series.guardrails] == ["error-ratio"]
    assert (one.record.by, one.record.stack, one.record.target) == ("ada@laptop", "shop/prod", "shop")
    assert (one.record.subject.revision, one.record.digest) == ("bbbbbbbb", f"sha256:{'a' * 64}")


def test_an_abort_is_recorded_with_its_reason_and_the_update_still_fails() -> None:
    it = Recording(head())
    it.world.traffic.bad["checkout-bbbbbbbb"] = 0.3
    with pytest.raises(RolloutAborted):
        it.update()
    (one,) = it.found
    assert (one.event.ending, one.event.quarantined) == ("aborted", True)
    assert "errors" in one.event.reason
    assert one.event.steps[-1].errors > 0
    assert one.event.leaves is not None
    assert one.event.leaves.revision == "aaaaaaaa"


def test_an_update_that_changes_nothing_adds_nothing() -> None:
    it = Recording(head())
    it.update()
    it.update()
    assert len(it.found) == 1


def test_a_return_to_a_release_that_completed_here_is_a_rollback() -> None:
    it = Recording(head(completed=(SERVED,)))
    it.update()
    it.world.workloads.put(it.world.old)
    it.update(wanted("aaaaaaaa"))
    assert [one.event.ending for one in it.found] == ["committed", "rolled-back"]
    assert it.found[1].event.leaves is not None
    assert it.found[1].event.leaves.revision == "bbbbbbbb"


def test_what_a_watchdog_ended_after_the_provider_was_killed_is_recorded_by_the_next_update() -> None:
    killed = journal.interrupted(head(attempt=attempt("cccccccc")), "the provider died", "watchdog", 150.0)
    it = Recording(killed)
    it.update()
    assert (it.found[0].event.rollout, it.found[0].event.ending) == ("r1", "interrupted")
    assert (it.found[0].event.ended_by, it.found[0].event.reason) == ("watchdog", "the provider died")
    assert it.found[1].event.ending == "committed"


def test_what_nobody_ended_is_recorded_as_repaired_by_the_update_that_found_it() -> None:
    it = Recording(head(attempt=attempt("cccccccc")))
    it.world.workloads.put(backend("cccccccc"))
    it.update()
    first, second = it.found
    assert (first.event.rollout, first.event.ending, first.event.ended_by) == ("r1", "interrupted", "repair")
    assert second.event.ending == "committed"


def test_what_another_process_carried_to_its_end_meanwhile_is_recorded_as_it_ended() -> None:
    left = attempt("cccccccc")
    nothing = head(attempt=attempt("bbbbbbbb"))
    committed = nothing.model_copy(update={"commits": (Commit(revision="cccccccc", at=120.0),)})
    assert (ended_as(left, committed).outcome, ended_as(left, committed).ended) == (Outcome.COMMITTED, 120.0)
    held = Quarantine(version="v", reason="5% errors", at=130.0, rollout=left.id)
    aborted = ended_as(left, nothing.model_copy(update={"quarantined": {"cccccccc": held}}))
    assert (aborted.outcome, aborted.reason) == (Outcome.ABORTED, "5% errors")
    earlier = nothing.model_copy(update={"commits": (Commit(revision="cccccccc", at=1.0),)})
    assert ended_as(left, earlier).outcome is Outcome.INTERRUPTED, "an earlier commit is not this rollout's"


def test_a_record_whose_store_was_away_is_written_by_the_next_update(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Recording(head())

    def away() -> list[str]:
        raise ClusterError("the API server did not answer")

    monkeypatch.setattr(it.records, "read", away)
    assert "record" not in it.update(), "the update itself does not fail"
    assert it.told[-1] == (
        "checkout: the release record was not written: the API server did not answer; the next update writes it"
    )
    monkeypatch.undo()
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
    it.update()
    assert [one.event.ending for one in it.found] == ["committed"]


def test_what_was_refused_is_recorded_once_however_often_it_is_tried() -> None:
    it = Recording(head())
    for _ in range(3):
        it.recorder().refused("revision bbbbbbbb was aborted")
    (one,) = it.found
    assert (one.event.ending, one.event.reason, one.event.steps) == ("refused", "revision bbbbbbbb was aborted", ())


def test_a_service_that_another_stack_releases_gets_no_record_from_this_one() -> None:
    it = Recording(head(stack="shop/other", attempt=attempt(outcome=Outcome.ABORTED)))
    recorder = it.recorder()
    recorder.settle()
    recorder.refused("checkout is released by shop/other")
    recorder.ended()
    assert it.records.read() == []


def test_the_manifest_is_kept_without_what_the_container_is_given() -> None:
    it = Recording(head())
    it.facts = ReleaseFacts(release=release(workload__env={"PASSWORD": "hunter2"}))
    it.update()
    assert "hunter2" not in it.records.read()[0]
    kept = it.found[0].event.release
    assert kept is not None
    assert kept.workload.env["PASSWORD"].startswith("sha256:")
    assert kept.owner.team == "payments"


def test_an_error_that_nobody_foresaw_fails_no_update() -> None:
    it = Recording(head())
    it.facts = None  # type: ignore[assignment]
    it.update()
    assert "unexpected AttributeError" in it.told[-1]


def test_a_day_of_ticks_of_three_guardrails_is_a_record_below_32_kib() -> None:
    names = ("errors", "latency", "orders")
    histogram = {"bounds": [0.1, 0.2, 0.4], "slower": [12345, 2345, 345]}
    sides = {side: {"total": 54321, "bad": 1234, **histogram} for side in ("candidate", "baseline")}
    findings = [{"guardrail": name, "statistic": 12.345678, "threshold": 300.0} for name in names]
    ticks = [
        {"at": 15.0 * n, "weight": 25.0, "counts": dict.fromkeys(names, sides), "findings": findings}
        for n in range(5760)
    ]
    it = Recording(head(attempt=attempt(outcome=Outcome.COMMITTED)))
    it.world.journal.append("r1", ticks)
    shipped = read_manifest(Path(), "releases/checkout/2026.11.23-1.yaml")
    it.facts = ReleaseFacts(release=shipped.release, gates=GATES)
    it.recorder().settle()
    (line,) = it.records.read()
    assert len(it.found[0].event.series.at) > 100
    assert len(line) < 32 * 1024
