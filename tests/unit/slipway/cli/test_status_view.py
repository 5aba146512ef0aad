"""What the status says, and what it calls a problem."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from slipway.cli.status_view import as_json, as_text
from slipway.release.records.journal import Outcome, StepRecord
from slipway.rollout.inspection import Inspection
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.routers.base import LiveRoute
from slipway.rollout.safety.holder import Holding
from tests.unit.slipway.cli.examples import NOW, attempt, backend, completed, head, intent, live, quarantine

RENEWED = Holding("renewed", "someone", 1.0)
FREE = Holding("free")
STEP = StepRecord(weight=5, began=NOW - 20, ended=NOW - 10, requests=200, errors=1, verdict="PASS")


def seen(**changes: Any) -> Inspection:
    values: dict[str, Any] = {"head": head(), "live": live(a=100.0), "lease": FREE, "now": NOW}
    return Inspection(service="checkout", namespace="shop", **{**values, **changes})


def in_flight(**changes: Any) -> Inspection:
    running = head(attempt=attempt(steps=(STEP, StepRecord(weight=25, began=NOW - 10)), acknowledged="i1"))
    return seen(**{"head": running, "live": live(a=75.0, b=25.0), "lease": RENEWED, **changes})


def test_a_settled_service_is_no_problem() -> None:
    assert seen().problem is None
    assert "serves       version-a (aaaaaaaa)" in as_text(seen())


def test_a_rollout_in_flight_shows_its_steps_weights_and_verdict() -> None:
    text = as_text(in_flight(latest={"verdict": "PASS", "reason": "errors: fine"}))
    assert "forward to version-b (bbbbbbbb), in flight for 42s" in text
    assert "75% checkout-aaaaaaaa, 25% checkout-bbbbbbbb" in text
    assert "step 1: 5% for 10s, 200 requests, 1 errors, PASS" in text
    assert "step 2: 25% since" in text
    assert "now: PASS errors: fine" in text
    assert "held by someone, renewed now" in text
    assert in_flight().problem is None


def test_steps_that_counted_clients_say_so() -> None:
    counted = STEP.model_copy(update={"counted": "clients", "errors": 3})
    assert "200 requests, 3 clients failed, PASS" in as_text(seen(head=head(attempt=attempt(steps=(counted,)))))


def test_failures_of_the_serving_version_are_shown_beside_those_of_the_candidate() -> None:
    failing = STEP.model_copy(update={"baseline_requests": 600, "baseline_errors": 599})
    text = as_text(seen(head=head(attempt=attempt(steps=(failing,)))))
    assert "200 requests, 1 errors (serving: 599 of 600), PASS" in text


def test_the_last_look_says_why_and_what_it_could_not_use() -> None:
    latest = {
        "verdict": "PASS",
        "findings": [{"reason": "clients: 1 of 80 clients failed"}],
        "notes": {"clients": "12% of the requests carry no key and are not counted"},
    }
    text = as_text(in_flight(latest=latest))
    assert "now: PASS clients: 1 of 80 clients failed (clients: 12% of the requests carry no key" in text


def test_what_is_not_claimed_of_a_rollout_is_said() -> None:
    caveat = "no error rate claimed for errors: clients stick to one side"
    running = attempt().model_copy(update={"caveat": caveat})
    assert caveat in as_text(seen(head=head(attempt=running), lease=RENEWED))
    assert caveat in json.dumps(as_json(seen(head=head(attempt=running), lease=RENEWED)))


def test_a_rollout_is_paused_while_the_last_word_that_it_obeyed_is_pause() -> None:
    assert in_flight(intent=intent("pause", "i1")).paused
    assert not in_flight(intent=intent("resume", "i1")).paused
    assert not in_flight(intent=intent("pause", "i2")).paused
    assert not in_flight(intent=None).paused


def test_a_rollout_that_nobody_carries_out_is_a_problem() -> None:
    assert "slipway recover" in str(in_flight(lease=FREE).problem)


def test_weights_that_somebody_else_changed_are_a_problem() -> None:
    assert "another writer changed the weights" in str(seen(live=live(a=50.0, b=50.0)).problem)


def test_a_missing_route_is_a_problem() -> None:
    assert "route is missing" in str(seen(live=None).problem)


def test_a_route_that_the_gateway_refuses_is_a_problem() -> None:
    refused = LiveRoute({"checkout-aaaaaaaa": 100.0}, "1", False, "no such gateway", True)
    assert "no such gateway" in str(seen(live=refused).problem)


def test_a_service_without_a_journal_is_a_problem() -> None:
    assert "no journal" in as_text(seen(head=None, live=None))


def test_quarantined_and_completed_revisions_are_listed_with_reasons() -> None:
    done = (completed("a"), completed("c"))
    text = as_text(seen(head=head(completed=done, quarantined={"b" * 8: quarantine("b")})))
    assert "version-b (bbbbbbbb)  2027-01-15 08:00:00Z  5% errors" in text
    assert "version-c (cccccccc)  2027-01-15 08:00:00Z  c.yaml" in text


def test_the_end_of_the_last_rollout_is_told_with_its_reason() -> None:
    ended = attempt(outcome=Outcome.ABORTED, ended=NOW - 30.0, reason="5% errors")
    assert "aborted after 12s: 5% errors" in as_text(seen(head=head(attempt=ended)))


def test_machines_get_the_same_as_plain_json() -> None:
    told = json.loads(json.dumps(as_json(in_flight(intent=intent("pause", "i1")))))
    assert told["serving"]["revision"] == "a" * 8
    assert told["route"]["weights"] == {"checkout-aaaaaaaa": 75.0, "checkout-bbbbbbbb": 25.0}
    assert (told["attempt"]["outcome"], told["attempt"]["candidate"]["version"]) == ("running", "version-b")
    assert (told["inFlight"], told["paused"], told["lease"]["state"]) == (True, True, "renewed")


def test_machines_get_nulls_for_a_service_that_was_never_released() -> None:
    told = as_json(seen(head=None, live=None))
    assert (told["serving"], told["route"], told["attempt"], told["completed"]) == (None, None, None, [])


SIDE = backend("a")


def test_a_workload_that_was_changed_in_place_is_a_problem() -> None:
    changed = seen(readiness=Readiness(4, 4, 4, 0, image="registry.example/checkout@sha256:ffff"))
    assert "its image was changed in place to registry.example/checkout@sha256:ffff" in str(changed.problem)
    assert "it was scaled to 4 replicas, released were 3" in as_text(changed)
    assert as_json(changed)["drift"] == changed.drift


def test_missing_replicas_of_what_serves_are_a_problem() -> None:
    short = seen(readiness=Readiness(3, 1, 1, 0, problem="pod x: OOMKilled", image=SIDE.image))
    assert "1 of 3 replicas ready: pod x: OOMKilled" in str(short.problem)
    assert as_json(short)["replicas"] == {"desired": 3, "ready": 1, "endpoints": 1}
    assert as_json(short)["lacking"] == short.lacking
    assert "1 of 3 replicas ready" in as_text(in_flight(readiness=short.readiness)), "during a rollout too"


def test_who_changed_the_route_and_what_is_said() -> None:
    by_hand = replace(live(a=100.0), changed_by="kubectl-patch")
    changed = seen(live=by_hand, route_changes="rules[0].filters was added")
    assert str(changed.problem).startswith(
        "another writer (kubectl-patch) changed the route: rules[0].filters was added"
    )
    assert as_json(changed)["route"]["changedBy"] == "kubectl-patch"
    assert as_json(changed)["route"]["changes"] == "rules[0].filters was added"
    moved = seen(live=replace(live(b=100.0), changed_by="kubectl-patch"))
    assert "another writer (kubectl-patch) changed the weights" in str(moved.problem)


def test_slipway_itself_is_nobody_else() -> None:
    ours = seen(live=replace(live(b=100.0), changed_by="slipway-rollout"))
    assert "another writer changed the weights" in str(ours.problem)


def test_the_stack_that_releases_the_service_and_an_offer_to_another_are_shown() -> None:
    offered = seen(head=head(stack="shop/prod", handed_to="market/prod", handed_by="olive@host: team moved"))
    assert "released by  shop/prod" in as_text(offered)
    assert "handed to    market/prod  olive@host: team moved" in as_text(offered)
    assert (as_json(offered)["stack"], as_json(offered)["handedTo"]) == ("shop/prod", "market/prod")


def test_a_backend_that_was_not_seen_without_requests_is_a_problem() -> None:
    leaving = seen(head=head(leaving=(backend("b"),)))
    assert "checkout-bbbbbbbb was not seen without requests yet" in str(leaving.problem)
    assert "leaving      version-b (bbbbbbbb)" in as_text(leaving)
    assert as_json(leaving)["leaving"] == ["checkout-bbbbbbbb"]


def test_facts_beside_the_verdicts_are_shown() -> None:
    noted = attempt(notes=("the serving version had 0 of 3 replicas",))
    assert "the serving version had 0 of 3 replicas" in as_text(in_flight(head=head(attempt=noted)))
