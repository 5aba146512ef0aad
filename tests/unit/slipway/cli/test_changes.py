"""Which change belongs to which service, from the engine's steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slipway.cli.changes import UNCHANGED, Diagnostic, Owners, Step, changes, first_error, one_line, others

STACK = "urn:pulumi:prod::releases::pulumi:pulumi:Stack::releases-prod"


def topology(service: str, kind: str = "Canary") -> str:
    return f"urn:pulumi:prod::releases::slipway:index:{kind}::{service}"


def rollout(service: str, kind: str = "Canary") -> str:
    return f"urn:pulumi:prod::releases::slipway:index:{kind}$slipway:index:Rollout::{service}"


def deployment(service: str, revision: str) -> str:
    types = "slipway:index:Canary$slipway:index:VersionedWorkload$kubernetes:apps/v1:Deployment"
    return f"urn:pulumi:prod::releases::{types}::{service}-{revision}"


def workload(service: str, revision: str) -> str:
    types = "slipway:index:Canary$slipway:index:VersionedWorkload"
    return f"urn:pulumi:prod::releases::{types}::{service}-{revision}"


STEPS = [
    Step("same", STACK, ""),
    Step("same", topology("checkout"), STACK),
    Step("create", workload("checkout", "bb"), topology("checkout")),
    Step("create", deployment("checkout", "bb"), workload("checkout", "bb")),
    Step("update", rollout("checkout"), topology("checkout"), ("candidate",)),
    Step("same", topology("checkout-api"), STACK),
    Step("same", rollout("checkout-api"), topology("checkout-api")),
]


def test_what_stays_the_same_is_no_change() -> None:
    assert [change.op for change in changes(STEPS)] == ["create", "create", "update"]


def test_a_resource_belongs_to_the_service_of_the_topology_above_it() -> None:
    assert {change.service for change in changes(STEPS)} == {"checkout"}
    assert others(changes(STEPS), "checkout") == ()


def test_a_service_whose_name_begins_like_another_is_another() -> None:
    moved = [*STEPS[:-1], Step("update", rollout("checkout-api"), topology("checkout-api"), ("weights",))]
    (other,) = others(changes(moved), "checkout")
    assert other.service == "checkout-api"
    assert str(other) == "update slipway:index:Rollout checkout-api [weights]"


def test_a_change_of_strategy_keeps_its_service() -> None:
    steps = [Step("update", rollout("checkout", "BlueGreen"), topology("checkout", "BlueGreen"))]
    assert changes(steps)[0].service == "checkout"


def test_a_resource_outside_of_services_belongs_to_none() -> None:
    steps = [Step("update", "urn:pulumi:prod::releases::pulumi:providers:kubernetes::default", "")]
    assert [change.service for change in others(changes(steps), "checkout")] == [None]


def test_the_owner_of_a_rollout_without_a_step_is_known_by_its_name() -> None:
    assert Owners([]).of(rollout("payments")) == "payments"


def test_parents_in_a_circle_have_no_owner() -> None:
    one, two = "urn:pulumi:prod::releases::a:b:C::one", "urn:pulumi:prod::releases::a:b:C::two"
    assert Owners([Step("update", one, two), Step("update", two, one)]).of(one) is None


@given(st.text(min_size=1).filter(lambda op: op not in UNCHANGED))
def test_an_operation_that_is_not_known_counts_as_a_change(op: str) -> None:
    assert len(changes([Step(op, rollout("checkout"), "")])) == 1


def test_the_error_of_a_resource_says_more_than_the_one_of_the_stack() -> None:
    found = first_error(
        [
            Diagnostic("info", "checkout: 5% to 2.0", rollout("checkout")),
            Diagnostic("error", "update failed", STACK),
            Diagnostic("error", "checkout 2.0 aborted", rollout("checkout")),
        ]
    )
    assert found is not None
    assert found.message == "checkout 2.0 aborted"


def test_any_error_is_better_than_none() -> None:
    assert first_error([Diagnostic("error", "\n"), Diagnostic("error", "update failed", STACK)]) is not None
    assert first_error([Diagnostic("warning", "careful")]) is None


def test_of_a_traceback_the_last_line_is_told() -> None:
    text = 'Program failed:\nTraceback (most recent call last):\n  File "x"\nValueError: wrong\n\n'
    assert one_line(text) == "ValueError: wrong"


def test_a_message_of_several_lines_becomes_one() -> None:
    assert one_line("error: two\n  problems\n") == "two problems"


def test_the_next_command_after_an_update_is_left_to_the_one_that_ran_it() -> None:
    assert one_line("error: checkout aborted\nNext: `pulumi up` tries again\n") == "checkout aborted"
