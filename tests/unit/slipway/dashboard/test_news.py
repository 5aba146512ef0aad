"""What is said when something changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from slipway.dashboard.news import changes, flights_in
from slipway.release.flags.journal import Change, Head
from slipway.release.flags.model import DeclaredFlags
from slipway.release.manifest.plan import Mirrored, PlannedStep
from slipway.release.records.journal import Outcome, StepRecord
from slipway.release.records.watch import WatchEntry, WatchPhase, describe_entry
from slipway.rollout.inspection import FlagsInspection
from slipway.rollout.overview import Seen, TargetView
from slipway.rollout.safety.holder import Holding
from tests.unit.slipway.cli.examples import NOW, attempt, backend, head, intent, live
from tests.unit.slipway.dashboard.examples import (
    FIRST,
    LATEST,
    PLANNED,
    STEPS,
    ended,
    exposure,
    in_flight,
    settled,
    view,
    watched,
)

WATCH = WatchEntry(id="r1-watch", backend=backend("a"), manifest="a.yaml", opened=NOW - 600, seconds=3600.0)


def said(before: TargetView, after: TargetView) -> list[tuple[str, str]]:
    return [(one.what, str(one)) for one in changes(before, after, NOW)]


def test_nothing_is_said_while_nothing_changes() -> None:
    assert said(view(in_flight()), view(in_flight())) == []
    assert said(view(), view(settled())) == []


def test_a_rollout_that_is_there_at_first_sight_is_told() -> None:
    assert [what for what, _ in said(view(), view(in_flight()))] == ["began", "step", "verdict"]


def test_a_step_and_a_verdict_are_told() -> None:
    first = in_flight(head=head(attempt=attempt(steps=(FIRST,), planned=PLANNED)), live=live(a=95.0, b=5.0))
    passing = in_flight(latest={**LATEST, "verdict": "PASS"})
    assert said(view(first), view(in_flight())) == [("step", "checkout: 25% to version-b, step 2 of 3")]
    assert said(view(in_flight()), view(passing)) == [("verdict", "checkout: PASS: errors: 4 of 200")]


def test_pause_resume_and_the_loss_of_its_process_are_told() -> None:
    paused = in_flight(head=head(attempt=attempt(steps=STEPS, planned=PLANNED, acknowledged="i1")), intent=intent())
    assert said(view(in_flight()), view(paused)) == [("paused", "checkout: paused at 25%")]
    assert said(view(paused), view(in_flight())) == [("resumed", "checkout: goes on")]
    lost = in_flight(lease=Holding("silent", "runner-1", 30.0))
    assert [what for what, _ in said(view(in_flight()), view(lost))] == ["problem"]


def test_the_end_is_told_with_its_reason() -> None:
    over = settled(head=ended(Outcome.ABORTED, "5% errors"))
    assert ("ended", "checkout: version-b aborted: 5% errors") in said(view(in_flight()), view(over))


def test_a_service_that_cannot_be_read_and_one_with_a_problem_are_told_once_and_so_is_their_return() -> None:
    unread = view(inspections={"checkout": Seen(settled(), NOW, "no answer")})
    assert said(view(settled()), unread) == [("problem", "checkout: no answer")]
    assert said(unread, unread) == []
    assert said(unread, view(settled())) == [("back", "checkout: as it was released")]
    gone = view(settled(live=None))
    assert said(view(settled()), gone) == [("problem", "checkout: the route is missing; pulumi up writes it anew")]


def test_a_target_that_does_not_answer_is_told_and_its_return() -> None:
    away = replace(view(settled()), services=Seen(("checkout",), NOW, "connection refused"))
    assert said(view(settled()), away) == [("away", "staging: it does not answer: connection refused")]
    assert said(away, view(settled())) == [("back", "staging: it answers again")]


def test_a_watch_that_opens_and_its_end_are_told() -> None:
    opened, breached = view(watched()), view(watched(WatchPhase.ROLLED_BACK, reason="8x errors"))
    assert said(view(settled()), opened)[0] == ("watch", f"checkout: {describe_entry(WATCH)}")
    assert said(opened, breached) == [("watch", "checkout: the watch is rolled-back: 8x errors")]
    assert said(breached, breached) == []
    assert said(view(), breached) == []


def test_a_kill_is_told() -> None:
    flag = {"kind": "release", "variants": {"on": True, "off": False}, "default": "off", "off": "off", "owner": "shop"}
    declared = DeclaredFlags.model_validate({"flags": {"new-cart": {**flag, "description": "the new cart"}}})
    kill = Change(id="1", flag="new-cart", action="kill", by="guard", at=NOW, reason="8x errors")
    before, after = (
        Head(name="shop", declared=declared),
        Head(name="shop", declared=declared, changes={"new-cart": kill}),
    )
    seen = [Seen((FlagsInspection("shop", one, None, NOW),), NOW) for one in (before, after)]
    assert said(view(flags=seen[0]), view(flags=seen[1])) == [("flag", "new-cart: killed by guard: 8x errors")]
    assert said(view(), view(flags=seen[1])) == []


def test_an_exposure_that_begins_steps_and_ends_is_told_by_its_set_and_flag() -> None:
    def exposed(**changes: Any) -> TargetView:
        return view(exposures={"shop/pay": Seen(exposure(**changes), NOW)})

    assert [what for what, _ in said(view(), exposed())] == ["began", "step", "verdict"]
    first = exposed(steps=(FIRST,), percent=5.0)
    assert said(first, exposed()) == [("step", "shop/pay: 25% to on, step 2 of 3")]
    over = exposed(outcome=Outcome.ABORTED, ended=NOW, reason="5% errors", latest=None)
    assert said(exposed(), over) == [("ended", "shop/pay: on aborted: 5% errors")]


def test_what_goes_on_is_listed_before_what_ended() -> None:
    over = Seen(exposure(outcome=Outcome.COMMITTED, ended=NOW - 5), NOW)
    found = flights_in(view(in_flight(), exposures={"shop/pay": over}), NOW)
    assert [(one.service, one.running) for one in found] == [("checkout", True), ("shop/pay", False)]


def test_a_mirror_step_is_told_by_what_is_copied() -> None:
    copies = Mirrored(50.0, ("GET",))
    first = StepRecord(weight=0.0, began=NOW - 5, mirror=copies)
    planned = (PlannedStep(0.0, 30.0, mirror=copies), *PLANNED)
    began = in_flight(head=head(attempt=attempt(planned=planned)), live=live(a=100.0, b=0.0))
    copying = in_flight(head=head(attempt=attempt(steps=(first,), planned=planned)), live=live(a=100.0, b=0.0))
    assert said(view(began), view(copying)) == [("step", "checkout: mirror 50% to version-b, step 1 of 4")]
