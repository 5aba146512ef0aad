from __future__ import annotations

import pytest

from slipway.release.flags.targeting import Names, is_fractional, problems_of_rule
from slipway.release.manifest.document import show_location

NAMES = Names(["on", "off"], {"staff"})
KEY = {"var": "targetingKey"}


def wrong(rule: object, names: Names = NAMES) -> dict[str, str]:
    """What is wrong with a rule, by place."""
    return {show_location(found.at): found.message for found in problems_of_rule(rule, (), names)}


@pytest.mark.parametrize(
    "rule",
    [
        {"if": [{"ends_with": [{"var": "email"}, "@example.com"]}, "on"]},
        {"if": [{"sem_ver": [{"var": "version"}, ">=", "2.1.0"]}, "on", "off"]},
        {"if": [{"$ref": "staff"}, "on", {"fractional": [["on", 5], ["off", 95]]}]},
        {"fractional": [{"cat": ["salt", KEY]}, ["on"], ["off"]]},
        {"or": [{"if": [{"in": [{"var": "country"}, ["de", "fr"]]}, "on"]}, None]},
        {"if": [{"and": [{">": [{"var": "age"}, 5]}, {"!": [{"missing": ["plan"]}]}]}, "on", None]},
    ],
)
def test_what_flagd_evaluates_is_accepted(rule: object) -> None:
    assert wrong(rule) == {}


def test_an_unknown_operator_is_found_wherever_it_stands() -> None:
    found = wrong({"if": [{"and": [{"stats_with": [KEY, "a"]}]}, "on"]})
    assert list(found) == ["if[0].and[0].stats_with"]


def test_an_operation_has_one_operator() -> None:
    assert "if, or" in wrong({"if": [True, "on"], "or": []})["file"]
    assert list(wrong({"if": [{}, "on"]})) == ["if[0]"]


@pytest.mark.parametrize(
    ("rule", "at"),
    [
        ({"if": [KEY, "onn"]}, "if[1]"),
        ({"if": [KEY, "on", "onn"]}, "if[2]"),
        ({"if": [KEY, "on", KEY, "of", "off"]}, "if[3]"),
        ({"or": ["onn", "off"]}, "or[0]"),
        ({"fractional": [["on", 1], ["onn", 1]]}, "fractional[1][0]"),
        ({"if": [KEY, {"fractional": [["onn", 1]]}]}, "if[1].fractional[0][0]"),
    ],
)
def test_a_result_that_is_no_variant_is_found(rule: object, at: str) -> None:
    assert list(wrong(rule)) == [at]


def test_a_condition_is_no_result() -> None:
    rule = {"ends_with": [{"var": "email"}, "@example.com"]}
    assert "true or false" in wrong(rule)["ends_with"]
    assert wrong(rule, Names(["true", "false"], ())) == {}


@pytest.mark.parametrize(
    ("shares", "at"),
    [
        ([], "fractional"),
        ([KEY], "fractional"),
        ([["on", 0], ["off", 0]], "fractional"),
        ([["on", 2_147_483_647], ["off", 1]], "fractional"),
        ([["on", -1], ["off", 2]], "fractional[0][1]"),
        ([["on", 0.5], ["off", 2]], "fractional[0][1]"),
        ([["on", True], ["off", 2]], "fractional[0][1]"),
        ([["on", 1], ["on", 2]], "fractional[1]"),
        ([["on", 1], "off"], "fractional[1]"),
        ([["on", 1], ["off", 1, 1]], "fractional[1]"),
    ],
)
def test_shares_that_make_no_sense_are_refused(shares: list[object], at: str) -> None:
    assert list(wrong({"fractional": shares})) == [at]


@pytest.mark.parametrize(
    ("condition", "at"),
    [
        ({"sem_ver": ["1.0.0", "=>", "2.0.0"]}, "sem_ver[1]"),
        ({"sem_ver": ["1.0.0", "2.0.0"]}, "sem_ver"),
        ({"starts_with": ["a"]}, "starts_with"),
        ({"ends_with": "a"}, "ends_with"),
    ],
)
def test_operators_of_flagd_take_their_arguments(condition: object, at: str) -> None:
    assert list(wrong({"if": [condition, "on"]})) == [f"if[0].{at}"]


def test_a_split_is_found_inside() -> None:
    assert is_fractional({"if": [KEY, {"fractional": [["on", 1]]}]})
    assert not is_fractional({"if": [KEY, "fractional"]})
    assert not is_fractional(None)
