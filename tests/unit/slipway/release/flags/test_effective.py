from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ReleaseRefused
from slipway.release.flags import journal
from slipway.release.flags.declaring import Declaration, after_declaration
from slipway.release.flags.effective import EffectiveFlag, EffectiveFlags, effective
from slipway.release.flags.flagd import flagd_document
from slipway.release.flags.journal import Author, after_change, after_exposure
from tests.flags import BATCH, BY, FLAGS, NEW_CART, PAY, THEME, declaration, declared, head, kill, resume

KEYS = list(FLAGS)
DECLARED = [
    declared(),
    declared({"new-cart": {**NEW_CART, "targeting": {"if": [{"var": "staff"}, "on"]}}, "pay": PAY}),
    declared({"pay": {**PAY, "default": "off"}, "theme": {**THEME, "state": "DISABLED"}, "batch": BATCH}),
    declared({"new-cart": {**NEW_CART, "exposure": {"steps": [{"percent": 100}]}}, "theme": THEME}),
]


def off_for_everybody(flag: EffectiveFlag) -> bool:
    """By the document, as an evaluator reads it."""
    mine = flagd_document(EffectiveFlags({flag.key: flag}, {}))["flags"][flag.key]
    return (mine["state"], mine["defaultVariant"], mine.get("targeting")) == ("ENABLED", flag.flag.off, None)


moves = st.lists(
    st.one_of(
        st.tuples(st.just("declare"), st.integers(0, len(DECLARED) - 1)),
        st.tuples(st.just("kill"), st.sampled_from(KEYS)),
        st.tuples(st.just("resume"), st.sampled_from(KEYS)),
        st.tuples(st.just("expose"), st.sampled_from(KEYS), st.sampled_from([0.0, 0.5, 25.0, 100.0])),
    ),
    max_size=30,
)


@given(moves)
def test_a_killed_flag_is_off_whatever_is_declared_until_a_newer_resume(history: list[tuple[Any, ...]]) -> None:
    now = head()
    killed: set[str] = set()
    for index, (what, *args) in enumerate(history):
        try:
            if what == "declare":
                now = after_declaration(now, Declaration(flags=DECLARED[args[0]], stack="releases/prod", salt="s"), BY)
            elif what == "expose":
                now = after_exposure(now, args[0], args[1], "salt", BY)
            else:
                change = (kill if what == "kill" else resume)(args[0], f"c{index}")
                now = after_change(now, change)
                (killed.add if what == "kill" else killed.discard)(args[0])
        except ReleaseRefused:
            continue
        for key, flag in effective(now).flags.items():
            assert flag.is_off or key not in killed
            assert off_for_everybody(flag) == flag.is_off
            assert flag.percent <= flag.flag.reach


@given(moves)
def test_every_head_can_be_written_and_read(history: list[tuple[Any, ...]]) -> None:
    now = head()
    for index, (what, *args) in enumerate(history):
        try:
            if what == "declare":
                now = after_declaration(now, Declaration(flags=DECLARED[args[0]], stack="releases/prod", salt="s"), BY)
            elif what == "expose":
                now = after_exposure(now, args[0], args[1], "salt", BY)
            else:
                now = after_change(now, (kill if what == "kill" else resume)(args[0], f"c{index}"))
        except ReleaseRefused:
            continue
    assert journal.parse(json.loads(json.dumps(now.to_document()))) == now


def test_a_killed_kill_switch_is_enabled_and_off() -> None:
    found = effective(after_change(head(), kill("pay"))).flags["pay"]
    assert (found.state, found.default, found.targeting, found.is_off) == ("ENABLED", "off", None, True)


def test_a_kill_of_a_disabled_flag_enables_it_so_that_callers_get_the_off_variant() -> None:
    now = after_change(head({"f": {**THEME, "state": "DISABLED"}}), kill("f"))
    assert effective(now).flags["f"].state == "ENABLED"
    assert effective(now).flags["f"].is_off


def test_a_disabled_flag_is_not_taken_for_one_that_is_off() -> None:
    found = effective(head({"f": {**BATCH, "state": "DISABLED", "exposure": None}})).flags["f"]
    assert not found.is_off


def test_an_exposure_begins_again_after_a_kill_and_a_resume() -> None:
    now = after_exposure(head(), "new-cart", 25.0, "salt", BY)
    assert effective(now).flags["new-cart"].percent == 25
    now = after_change(after_change(now, kill("new-cart")), resume("new-cart"))
    assert effective(now).flags["new-cart"].percent == 0


def test_an_exposure_cannot_grow_while_the_flag_is_killed() -> None:
    now = after_change(head(), kill("new-cart"))
    with pytest.raises(ReleaseRefused, match=r"new-cart was killed by guard \(error-ratio 8.8x\); `slipway resume new"):
        after_exposure(now, "new-cart", 5.0, "salt", BY)


def test_an_exposure_shrinks_at_once_with_what_is_declared() -> None:
    now = after_exposure(head(), "new-cart", 25.0, "salt", BY)
    smaller = {**FLAGS, "new-cart": {**NEW_CART, "exposure": {"steps": [{"percent": 10}]}}}
    now = after_declaration(now, declaration(smaller), BY)
    assert (now.reached["new-cart"].percent, now.reached["new-cart"].salt) == (10, "salt")
    ended = {**FLAGS, "new-cart": {**NEW_CART, "exposure": None, "guardrails": []}}
    assert "new-cart" not in after_declaration(now, declaration(ended), BY).reached


def test_only_a_killed_flag_is_resumed_and_only_a_declared_one_killed() -> None:
    with pytest.raises(ReleaseRefused, match="not killed"):
        after_change(head(), resume("pay"))
    with pytest.raises(ReleaseRefused, match="has no flag nothing; it has new-cart, pay"):
        after_change(head(), kill("nothing"))


def test_a_second_kill_leaves_the_first_as_it_is() -> None:
    once = after_change(head(), kill("pay"))
    assert after_change(once, kill("pay", "k2")) == once


def test_the_same_declaration_is_no_change() -> None:
    assert after_declaration(head(), declaration(), Author(by="other", at=5.0)) == head()


def test_a_record_says_who_what_why_before_and_after() -> None:
    now = after_change(after_exposure(head(), "new-cart", 25.0, "salt", BY), kill("new-cart"))
    last = now.records[-1]
    assert (last.what, last.flag, last.by, last.reason) == ("kill", "new-cart", "guard", "error-ratio 8.8x")
    assert (last.before, last.after) == ({"killed": False, "percent": 25.0}, {"killed": True, "percent": 0.0})
    assert [record.number for record in now.records] == [1, 2, 3]


def test_a_declaration_is_recorded_as_what_it_changes() -> None:
    changed = {**FLAGS, "pay": {**PAY, "owner": "other"}}
    last = after_declaration(head(), declaration(changed), BY).records[-1]
    assert (last.what, last.before, last.after) == ("declare", {"pay": PAY}, {"pay": {**PAY, "owner": "other"}})


def test_an_exposure_that_an_up_sets_is_recorded_as_well() -> None:
    now = after_change(after_change(head(), kill("batch")), resume("batch"))
    last = after_declaration(now, declaration(), BY).records[-1]
    assert (last.before, last.after) == ({"batch": {"percent": 0.0}}, {"batch": {"percent": 50.0}})


def test_the_oldest_records_go_and_the_kill_stays() -> None:
    now = after_change(head(), kill("pay"))
    for index in range(journal.RECORDS_KEPT):
        now = after_exposure(now, "new-cart", 5.0 + index % 2, "salt", BY)
    assert len(now.records) == journal.RECORDS_KEPT
    assert now.records[-1].number == now.number
    long = BY.model_copy(update={"reason": "x" * journal.RECORDS_BYTES})
    now = after_exposure(now, "new-cart", 7.0, "salt", long)
    assert [record.number for record in now.records] == [now.number]
    assert now.killed("pay") is not None
