from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import ReleaseRefused
from slipway.release.flags.declaring import after_declaration, after_end, refusals
from slipway.release.flags.effective import effective
from slipway.release.flags.flagd import flagd_document
from slipway.release.flags.journal import Head, after_change, after_exposure, recovered
from tests.flags import BATCH, BY, FLAGS, NEW_CART, PAY, THEME, declaration, head, kill, resume

OFF = {**PAY, "default": "off"}


def changed(flag: str, **changes: object) -> dict[str, Any]:
    """All flags with one of them changed; None leaves a field out."""
    content = {key: value for key, value in {**FLAGS[flag], **changes}.items() if value is not None}
    return {**FLAGS, flag: content}


@pytest.mark.parametrize(
    ("flag", "changes", "why"),
    [
        ("new-cart", {"exposure": {"steps": [{"percent": 26}]}}, "an exposure of 26%"),
        ("new-cart", {"targeting": {"if": [{"var": "staff"}, "on"]}}, "its targeting"),
        ("new-cart", {"off": "on", "default": "on", "exposure": None, "guardrails": None}, "another off variant"),
        ("new-cart", {"variants": {"on": False, "off": True}}, "another off variant"),
        ("theme", {"default": "blue"}, "default: blue"),
    ],
)
def test_nothing_turns_a_killed_flag_on_before_a_resume(flag: str, changes: dict[str, Any], why: str) -> None:
    now = after_change(head(), kill(flag))
    refused = refusals(now, declaration(changed(flag, **changes)))
    assert list(refused) == [flag]
    assert why in refused[flag]
    assert f"`slipway resume {flag} --reason ...` first" in refused[flag]
    with pytest.raises(ReleaseRefused, match="was killed by guard"):
        after_declaration(now, declaration(changed(flag, **changes)), BY)
    assert refusals(after_change(now, resume(flag)), declaration(changed(flag, **changes))) == {}


@pytest.mark.parametrize(
    "changes",
    [{"owner": "other"}, {"exposure": {"steps": [{"percent": 1}]}}, {"exposure": None, "guardrails": None}],
    ids=["owner", "less", "none"],
)
def test_a_killed_flag_may_be_changed_in_all_that_does_not_turn_it_on(changes: dict[str, Any]) -> None:
    now = after_change(head(), kill("new-cart"))
    again = after_declaration(now, declaration(changed("new-cart", **changes)), BY)
    assert effective(again).flags["new-cart"].is_off


def test_a_killed_kill_switch_may_be_declared_off() -> None:
    now = after_change(head(), kill("pay"))
    assert refusals(now, declaration(changed("pay", default="off"))) == {}


def test_a_killed_flag_stays_killed_when_it_is_declared_anew() -> None:
    now = after_declaration(after_change(head({"pay": PAY}), kill("pay")), declaration({}), BY)
    assert list(refusals(now, declaration({"pay": PAY}))) == ["pay"]
    assert effective(after_declaration(now, declaration({"pay": OFF}), BY)).flags["pay"].killed is not None


@pytest.mark.parametrize("flag", ["pay", "theme", "batch"])
def test_a_flag_that_is_on_is_not_removed(flag: str) -> None:
    rest = {key: value for key, value in FLAGS.items() if key != flag}
    refused = refusals(head(), declaration(rest))
    assert list(refused) == [flag]
    assert "declare it off (default: " in refused[flag]
    assert refusals(after_change(head(), kill(flag)), declaration(rest)) == {}


def test_a_flag_is_removed_while_its_exposure_has_not_begun() -> None:
    rest = {key: value for key, value in FLAGS.items() if key != "new-cart"}
    assert refusals(head(), declaration(rest)) == {}
    assert list(refusals(after_exposure(head(), "new-cart", 5.0, "s", BY), declaration(rest))) == ["new-cart"]


def test_a_disabled_flag_is_not_removed_since_nobody_knows_what_callers_get() -> None:
    now = head({"f": {**BATCH, "exposure": None, "state": "DISABLED"}})
    assert list(refusals(now, declaration({}))) == ["f"]


def test_the_set_ends_when_all_of_it_is_off() -> None:
    with pytest.raises(ReleaseRefused, match="pay is on for some callers"):
        after_end(head(), BY)
    ended = after_end(head({"pay": OFF}), BY)
    assert (ended.declared.flags, ended.stack, ended.records[-1].what) == ({}, None, "delete")
    assert after_end(ended, BY) == ended


def test_another_stack_declares_a_set_of_its_own() -> None:
    assert "declared by the stack releases/prod" in refusals(head(), declaration(stack="releases/other"))[""]


def test_an_exposure_that_nothing_judges_is_set_at_once_with_a_salt_that_stays() -> None:
    now = head()
    assert (now.reached["batch"].percent, now.reached["batch"].salt) == (50, "s0")
    assert "new-cart" not in now.reached
    grown = after_declaration(now, declaration(changed("batch", exposure={"steps": [{"percent": 80}]})), BY)
    assert (grown.reached["batch"].percent, grown.reached["batch"].salt) == (80, "s0")


@pytest.mark.parametrize(
    "changes",
    [
        {"variants": {"on": 3, "off": 1, "new": 2}, "exposure": {**NEW_CART["exposure"], "variant": "new"}},
        {"variants": {"on": 4, "off": 1}},
    ],
    ids=["another variant", "another value"],
)
def test_the_judged_exposure_of_another_behaviour_begins_anew(changes: dict[str, Any]) -> None:
    numbers = {**FLAGS, "new-cart": {**NEW_CART, "variants": {"on": 3, "off": 1}}}
    now = after_exposure(head(numbers), "new-cart", 25.0, "s1", BY)
    assert "new-cart" in after_declaration(now, declaration(numbers), BY).reached
    other = {**numbers, "new-cart": {**numbers["new-cart"], **changes}}
    assert "new-cart" not in after_declaration(now, declaration(other), BY).reached


def test_after_a_resume_the_next_up_sets_it_again() -> None:
    now = after_change(after_change(head(), kill("batch")), resume("batch"))
    assert effective(now).flags["batch"].percent == 0
    assert effective(after_declaration(now, declaration(), BY)).flags["batch"].percent == 50


def test_a_lost_journal_is_recovered_from_the_document_so_that_kills_stand() -> None:
    document = flagd_document(effective(after_change(head(), kill("theme"))))
    found = recovered("flags", document)
    assert found.changes.keys() == {"theme"}
    assert (
        effective(after_declaration(found, declaration({"theme": {**THEME, "targeting": None}}), BY))
        .flags["theme"]
        .is_off
    )
    assert recovered("flags", {}) == Head(name="flags")


def test_several_refusals_are_told_at_once() -> None:
    now = after_change(head(), kill("new-cart"))
    wanted = {**changed("new-cart", exposure={"steps": [{"percent": 90}]})}
    del wanted["pay"]
    assert set(refusals(now, declaration(wanted))) == {"pay", "new-cart"}
    assert NEW_CART["default"] == "off"
