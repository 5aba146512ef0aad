"""When rules count as evaluated."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from slipway.rollout.rules.loaded import NEVER, missing
from tests.unit.slipway.rollout.rules.server import RULES, answered

LOADED = answered(*RULES)


def test_rules_that_are_loaded_as_wanted_and_healthy_are_all_there_is() -> None:
    assert missing("g", RULES, [LOADED]) is None


def test_the_servers_own_spelling_of_an_expression_is_the_same_expression() -> None:
    spelled = copy.deepcopy(LOADED)
    spelled[0]["query"] = "sum(increase(a_total[1h]))"
    assert missing("g", RULES, [spelled]) is None


@pytest.mark.parametrize(
    ("number", "change", "words"),
    [
        (0, {"query": "sum(increase(b_total[1h]))"}, "slo:a is loaded as it was before"),
        (0, {"labels": {"slo": "y"}}, "slo:a is loaded as it was before"),
        (1, {"duration": 60}, "Burning is loaded as it was before"),
        (1, {"annotations": {"summary": "t"}}, "Burning is loaded as it was before"),
        (1, {"name": "Other"}, "Burning is loaded as it was before"),
        (1, {"health": "err", "lastError": "many-to-many matching"}, "Burning is not evaluated: many-to-many matching"),
        (1, {"health": "unknown"}, "Burning is not evaluated: health is unknown"),
        (1, {"lastEvaluation": NEVER}, "Burning is not evaluated"),
    ],
)
def test_what_differs_is_named(number: int, change: dict[str, Any], words: str) -> None:
    loaded = copy.deepcopy(LOADED)
    loaded[number] |= change
    assert words in (missing("g", RULES, [loaded]) or "")


def test_a_group_that_is_absent_shorter_or_there_twice_is_named() -> None:
    assert missing("g", RULES, []) == "no group g is loaded"
    assert missing("g", RULES, [LOADED[:1]]) == "the group g is loaded with 1 rules instead of 2"
    assert missing("g", RULES, [LOADED, LOADED]) == "the group g is loaded from 2 files"
