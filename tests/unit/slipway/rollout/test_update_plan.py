"""What an update has to do, by what the journal and the route say."""

from __future__ import annotations

from slipway.release.records import journal
from slipway.release.records.journal import Completed, Outcome
from slipway.rollout.routers.base import LiveRoute
from slipway.rollout.update_plan import UpdatePlan, pending_reason, update_plan_of
from tests.unit.slipway.rollout.examples import attempt, backend, head, serving, wanted


def live(settings_hash: str = "same", **shares: float) -> LiveRoute:
    return LiveRoute(
        shares={name.replace("_", "-"): share for name, share in shares.items()} or {"checkout-aaaaaaaa": 100.0},
        version="uid/1",
        accepted=True,
        problem="",
        managed=True,
        settings_hash=settings_hash,
    )


def completed(revision: str) -> Completed:
    return Completed(revision=revision, version="v", image="i", manifest="m", at=1.0)


def test_without_journal_and_record_it_is_a_first_release() -> None:
    assert update_plan_of(wanted(), None, None, None) == UpdatePlan(repair=False, then="first", serving=None)


def test_a_new_revision_goes_forward() -> None:
    assert update_plan_of(wanted(), head(), live(), None) == UpdatePlan(repair=False, then="forward", serving=serving())


def test_a_revision_that_completed_here_is_returned_to_without_the_steps() -> None:
    known = head(completed=(completed("bbbbbbbb"),))
    assert update_plan_of(wanted(), known, live(), None).then == "rollback"


def test_the_serving_revision_is_settled_without_a_rollout() -> None:
    assert update_plan_of(wanted("aaaaaaaa"), head(), live(), None).then == "settle"


def test_an_unfinished_rollout_is_repaired_first_with_the_old_and_with_the_new_manifest() -> None:
    unfinished = head(attempt=attempt())
    split = live(checkout_aaaaaaaa=75.0, checkout_bbbbbbbb=25.0)
    assert update_plan_of(wanted("aaaaaaaa"), unfinished, split, None) == UpdatePlan(True, "settle", serving())
    assert update_plan_of(wanted("bbbbbbbb"), unfinished, split, None) == UpdatePlan(True, "forward", serving())


def test_drifted_weights_are_repaired() -> None:
    split = live(checkout_aaaaaaaa=60.0, checkout_other=40.0)
    assert update_plan_of(wanted("aaaaaaaa"), head(), split, None).repair


def test_a_lost_journal_falls_back_on_what_the_state_recorded() -> None:
    assert update_plan_of(wanted(), None, live(), serving()).serving == serving()


def test_a_settled_world_has_nothing_pending() -> None:
    assert pending_reason(wanted("aaaaaaaa"), head(), live(), "same") is None


def test_an_unfinished_rollout_is_pending_even_when_the_inputs_are_the_old_ones() -> None:
    reason = pending_reason(wanted("aaaaaaaa"), head(attempt=attempt()), live(), "same")
    assert reason is not None
    assert "interrupted" in reason


def test_an_aborted_rollout_is_not_pending() -> None:
    done = head(attempt=attempt(outcome=Outcome.ABORTED))
    assert pending_reason(wanted("aaaaaaaa"), done, live(), "same") is None


def test_weights_that_somebody_else_changed_are_named() -> None:
    split = live(checkout_aaaaaaaa=60.0, intruder=40.0)
    reason = pending_reason(wanted("aaaaaaaa"), head(), split, "same")
    assert reason == "another writer changed the weights: checkout-aaaaaaaa 60%, intruder 40%"


def test_a_commit_that_the_state_never_heard_of_is_pending_for_the_old_manifest() -> None:
    moved = journal.committed(head(), attempt(), wanted().route, 5.0)
    reason = pending_reason(wanted("aaaaaaaa"), moved, live(checkout_bbbbbbbb=100.0), "same")
    assert reason == "revision bbbbbbbb serves, not aaaaaaaa"


def test_a_missing_route_and_a_changed_route_are_pending() -> None:
    assert pending_reason(wanted("aaaaaaaa"), head(), None, "same") == "the route is missing"
    assert pending_reason(wanted("aaaaaaaa"), head(), live(), "other") == "another writer changed the route"


def test_backends_of_other_names_never_count_as_whole() -> None:
    assert update_plan_of(wanted("aaaaaaaa"), head(), live(checkout_bbbbbbbb=100.0), None).repair
    assert backend("aaaaaaaa").entry == "checkout-aaaaaaaa"
