"""A workload has a number of its own at a listener, whatever else is there, and keeps it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.listener_priority import WARM_FROM, WARM_RULES, ListenerPriorityInputs
from slipway.release.target import EcsTarget

LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/edge/0123456789abcdef/0123456789abcdef"
TARGET = EcsTarget(
    kind="ecs", region="eu-central-1", cluster="shop", listener=LISTENER, table="shop", rules={"cart": 45100}
)
NAMES = st.integers(0, 16**20 - 1).map(lambda number: f"checkout-{number:020x}")


def wanted(workload: str) -> ListenerPriorityInputs:
    return ListenerPriorityInputs.of(workload, TARGET)


@given(st.lists(NAMES, min_size=1, max_size=90, unique=True))
def test_workloads_of_one_listener_never_have_the_same_number(names: list[str]) -> None:
    rules: dict[int, str] = {}
    for name in names:
        number = wanted(name).choose(rules, {})
        assert WARM_FROM <= number < WARM_FROM + WARM_RULES
        assert number not in rules
        assert number not in (45099, 45100), "those of a service and its preview"
        rules[number] = name
    assert [wanted(name).choose(rules, {}) for name in names] == list(rules), "each keeps its own"


@given(NAMES)
def test_a_number_that_is_taken_gives_way_to_the_next_one(name: str) -> None:
    first = wanted(name).choose({}, {})
    assert first == wanted(name).choose({}, {})
    after = first + 1 if first + 1 < WARM_FROM + WARM_RULES else WARM_FROM
    if after not in (45099, 45100):
        for rules, promised in (({first: "cart-1"}, {}), ({first: ""}, {}), ({}, {first: "cart-1"})):
            assert wanted(name).choose(rules, promised) == after


def test_a_number_that_was_promised_in_this_run_is_given_again() -> None:
    assert wanted("checkout-1").choose({}, {45007: "checkout-1"}) == 45007
    assert wanted("checkout-1").choose({45007: "cart-1"}, {45007: "checkout-1"}) != 45007


def test_a_number_is_free_while_no_other_rule_has_it() -> None:
    assert wanted("checkout-1").is_free(45007, {45007: "checkout-1", 45008: "cart-1"})
    assert wanted("checkout-1").is_free(45009, {45008: "cart-1"})
    assert not wanted("checkout-1").is_free(45008, {45008: "cart-1"})
    assert not wanted("checkout-1").is_free(45100, {})


def test_there_is_an_end_to_the_numbers() -> None:
    with pytest.raises(ValueError, match="45001 to 50000 are taken"):
        wanted("checkout-1").choose(dict.fromkeys(range(WARM_FROM, WARM_FROM + WARM_RULES), ""), {})
