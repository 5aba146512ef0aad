"""A watch from the commit to its end: it passes, or puts the traffic back, whenever its process dies."""

from __future__ import annotations

import pytest

from slipway.release.errors import ReleaseRefused, RolloutAborted
from slipway.release.records import journal
from slipway.release.records.journal import Outcome
from slipway.release.records.watch import WatchPhase
from slipway.release.slo.watch_alarm import BEAT, UNTIL
from slipway.rollout import operations
from slipway.rollout.inspection import inspect
from slipway.rollout.outputs import watched_of
from slipway.rollout.watching.document import read_document
from slipway.rollout.watching.telling import escalation_id
from slipway.rollout.watching.words import closing_line
from tests.unit.slipway.rollout.examples import ROUTE
from tests.unit.slipway.rollout.watching.watched import Watched


def test_a_commit_opens_the_watch_and_keeps_the_hold_back_on_the_standby() -> None:
    service = Watched(holdback=0.02)
    service.release()
    assert service.watch.phase is WatchPhase.OPEN
    assert service.shares() == {"checkout-bbbbbbbb": pytest.approx(98.0), "checkout-aaaaaaaa": pytest.approx(2.0)}
    assert service.world.head.leaving == ()


def test_the_hold_back_keeps_clients_where_the_route_does_and_is_no_drift() -> None:
    service = Watched(holdback=0.02, route={**ROUTE, "affinity": {"cookie": "side"}})
    service.release()
    split = service.world.router.history[-1]
    assert split.sticky is not None
    assert split.sticky.bounds == (98.0, 100.0)
    found = operations.difference(service.inputs.to_wire(), service.inputs, service.process())
    assert (found.changed, found.pending) == ((), None)


def test_a_watch_without_a_breach_ends_when_its_time_is_over_and_releases_the_hold_back() -> None:
    service = Watched(holdback=0.02)
    service.release()
    ended = service.watcher().run()
    assert ended is not None
    assert ended.phase is WatchPhase.PASSED
    assert service.watch.phase is WatchPhase.PASSED
    assert service.shares() == {"checkout-bbbbbbbb": 100.0}
    assert ended.ended == pytest.approx(service.watch.opened + 600.0, abs=30)


def test_a_breach_puts_the_traffic_back_and_quarantines_the_revision() -> None:
    service = Watched()
    service.release()
    service.fail_from(120.0)
    ended = service.watcher().run()
    assert ended is not None
    assert ended.phase is WatchPhase.ROLLED_BACK
    head = service.world.head
    assert head.serving is not None
    assert head.serving.backend.revision == "aaaaaaaa"
    assert service.shares()["checkout-aaaaaaaa"] == 100.0
    assert "bbbbbbbb" in head.quarantined
    assert head.attempt is not None
    assert (head.attempt.by, head.attempt.kind, head.attempt.outcome) == ("watch", "rollback", Outcome.COMMITTED)
    assert head.attempt.manifest == "releases/1.yaml"
    assert [one.entry for one in head.leaving] == ["checkout-bbbbbbbb"]
    assert ended.breached is not None
    assert ended.breached < service.watch.opened + 120.0 + 30.0


def test_without_a_standby_a_breach_moves_no_traffic() -> None:
    service = Watched(standby=False)
    service.release()
    service.fail_from(60.0)
    ended = service.watcher().run()
    assert ended is not None
    assert ended.phase is WatchPhase.ESCALATED
    assert service.shares() == {"checkout-bbbbbbbb": 100.0}
    assert service.world.head.quarantined == {}


def test_status_says_that_a_watch_without_a_process_is_dead() -> None:
    service = Watched()
    service.release()
    seen = inspect(service.process(), "checkout", "shop")
    assert seen.watch_problem is None, "its process may still start"
    service.world.clock.advance(120.0)
    seen = inspect(service.process(), "checkout", "shop")
    assert seen.problem is not None
    assert "the watch is dead" in seen.problem


def test_a_release_cannot_be_closed_while_its_watch_is_open() -> None:
    service = Watched()
    service.release()
    point = closing_line(service.world.head, None, "bbbbbbbb", service.world.clock.now())
    assert point is not None
    assert not point.holds
    service.watcher().run()
    point = closing_line(service.world.head, None, "bbbbbbbb", service.world.clock.now())
    assert point is not None
    assert point.holds


def exported(service: Watched) -> dict[str, float]:
    lines = [line.split() for line in service.vitals.text().splitlines() if not line.startswith("#")]
    return {name.partition("{")[0]: float(value) for name, value in lines}


def test_its_signs_of_life_and_its_end_are_exported() -> None:
    service = Watched()
    service.release()
    opened = service.watch.opened
    at_180: list[dict[str, float]] = []
    service.world.clock.at(opened - 1000.0 + 180.0, lambda: at_180.append(exported(service)))
    service.fail_from(240.0)
    service.watcher().run()
    assert at_180[0][UNTIL] == opened + 600.0
    assert at_180[0][BEAT] == pytest.approx(opened + 180.0, abs=8)
    ended = service.watch.ended
    assert ended is not None
    assert exported(service)[UNTIL] == ended
    assert f'revision="{service.watch.backend.revision}"' in service.vitals.text()


def test_the_outputs_say_from_when_until_when_what_serves_is_watched() -> None:
    service = Watched()
    assert watched_of(service.world.head) == {}
    service.release()
    opened = service.watch.opened
    at_once = watched_of(service.world.head)
    assert at_once == {"opened": int(opened), "until": round(opened + 600.0)}
    service.watcher().run()
    assert watched_of(service.world.head) == at_once, "an end at its time is no change of the stack"
    service.release_next("cccccccc")
    assert watched_of(service.world.head) == {}, "the next one has no watch"


def test_after_a_breach_nothing_of_what_serves_is_watched() -> None:
    service = Watched()
    service.release()
    service.fail_from(60.0)
    service.watcher().run()
    assert service.watch.phase is WatchPhase.ROLLED_BACK
    assert watched_of(service.world.head) == {}


def test_a_watch_that_only_escalated_is_over_at_its_end() -> None:
    service = Watched(standby=False)
    service.release()
    service.fail_from(60.0)
    service.watcher().run()
    assert service.watch.ended is not None
    assert watched_of(service.world.head)["until"] == round(service.watch.ended) < round(service.watch.until)


class Died(BaseException):
    """The process was killed."""


def die() -> None:
    raise Died


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("what", "method", "which"),
    [
        ("journal", "save", 0),
        ("journal", "save", 1),
        ("router", "claim", 0),
        ("router", "apply", 0),
        ("document", "write", -1),
    ],
)
def test_a_breach_is_finished_by_the_next_process_wherever_the_first_one_died(
    what: str, method: str, which: int, when: str
) -> None:
    service = Watched(holdback=0.02)
    service.release()
    service.fail_from(60.0)
    faults = {
        "journal": service.world.journal.faults,
        "router": service.world.router.faults,
        "document": service.document.faults,
    }[what]
    arm = faults.next if when == "before" else faults.after

    def arm_it() -> None:
        arm(method, (lambda: None), times=max(0, which))
        arm(method, die)

    if which < 0:  # the write that says that the owner was told: the only one once the traffic is back
        service.world.journal.faults.after("save", lambda: None)
        service.world.journal.faults.after("save", arm_it)
    else:
        arm_it()
    with pytest.raises(Died):
        service.watcher("w1").run()
    service.turn.clear()
    service.world.lease.record.clear()
    if service.watch.phase is WatchPhase.BREACHED:
        service.world.traffic.bad.clear()  # what was seen is acted on, whatever comes after it
    ended = service.watcher("w2").run()
    assert ended is not None
    assert ended.phase is WatchPhase.ROLLED_BACK
    head = service.world.head
    assert head.serving is not None
    assert head.serving.backend.revision == "aaaaaaaa"
    assert service.shares()["checkout-aaaaaaaa"] == 100.0
    assert head.commits[0].revision == "aaaaaaaa"
    assert len(head.commits) == 2, "the release and one way back"
    assert service.told == {escalation_id(ended, "checkout")}


def test_the_next_update_finishes_a_breach_that_no_process_acts_on() -> None:
    service = Watched()
    service.release()
    head = journal.breached(service.world.head, "too many errors", "", service.world.clock.now())
    service.world.journal.save(head.to_json(), service.world.journal.load().version)  # type: ignore[union-attr]
    with pytest.raises(ReleaseRefused, match="was aborted"):
        service.release()
    assert service.watch.phase is WatchPhase.ROLLED_BACK
    assert service.shares()["checkout-aaaaaaaa"] == 100.0
    assert len(service.told) == 1


def test_a_rollout_ends_the_hold_back_and_its_commit_the_watch() -> None:
    service = Watched(holdback=0.02)
    service.release()
    service.release_next("cccccccc")
    assert service.watch.phase is WatchPhase.SUPERSEDED
    assert service.shares() == {"checkout-cccccccc": 100.0}


def test_a_rollout_that_is_aborted_leaves_the_watch_open_without_its_hold_back() -> None:
    service = Watched(holdback=0.02)
    service.release()
    service.world.traffic.bad["checkout-cccccccc"] = 0.5
    with pytest.raises(RolloutAborted):
        service.release_next("cccccccc")
    assert service.watch.phase is WatchPhase.OPEN
    assert service.shares() == {"checkout-bbbbbbbb": 100.0}
    ended = service.watcher().run()
    assert ended is not None
    assert ended.phase is WatchPhase.PASSED


def test_people_are_told_once_that_there_are_no_data_and_the_watch_claims_nothing() -> None:
    service = Watched()
    service.release()
    service.world.clock.at(
        service.world.clock.now() - 1000.0 + 60.0, lambda: setattr(service.world.traffic, "down", "x")
    )
    ended = service.watcher().run()
    assert ended is not None
    assert ended.phase is WatchPhase.UNSEEN
    (entry,) = service.outbox.entries()
    assert entry.escalation.severity == "ticket"


def test_a_process_that_takes_over_counts_each_request_once() -> None:
    service = Watched(holdback=0.02)
    service.release()

    service.world.clock.at(service.world.clock.now() - 1000.0 + 63.0, die)
    with pytest.raises(Died):
        service.watcher("w1").run()
    service.turn.clear()  # its Lease is over
    service.world.lease.record.clear()
    assert service.watcher("w2").run() is not None
    counted = read_document(service.document.read())
    assert counted is not None
    assert counted.state is not None
    candidate, _, baseline, *_ = counted.state["seen"]["slo"]
    assert candidate + baseline == pytest.approx(100.0 * 600.0, rel=0.02)
