"""What callers get by the real evaluator of flagd, from the documents that are written for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from slipway.release.flags.effective import effective
from slipway.release.flags.flagd import flagd_document
from slipway.release.flags.journal import Head, after_change, after_exposure
from tests.flagd_core import evaluate, users
from tests.flags import BY, NEW_CART, declared, head, kill

FLAG = "new-cart"
EVERYBODY = {**NEW_CART, "exposure": {"steps": [{"percent": 100}]}}
USERS = users(20_000)
FEWER = USERS[:4_000]
STEPS = (1.0, 5.0, 25.0, 50.0, 100.0)


def exposed(percent: float, salt: str = "r1", flags: Mapping[str, Any] | None = None) -> Head:
    """The journal with the exposure at `percent`."""
    return after_exposure(head({FLAG: EVERYBODY, **(flags or {})}), FLAG, percent, salt, BY)


def on(state: Head, contexts: Iterable[Mapping[str, Any]] = USERS, flag: str = FLAG) -> list[bool]:
    """Who gets the new behaviour."""
    return [one.variant == "on" for one in evaluate(flagd_document(effective(state)), flag, contexts)]


def share(found: list[bool]) -> float:
    """Of those who get it."""
    return sum(found) / len(found)


def test_each_step_exposes_its_share_and_nobody_who_is_on_leaves_while_it_grows() -> None:
    before = [False] * len(USERS)
    for percent in STEPS:
        now = on(exposed(percent))
        assert share(now) == pytest.approx(percent / 100, abs=0.01)
        assert not any(was and not still for was, still in zip(before, now, strict=True))
        before = now
    assert all(before)


def test_callers_without_a_targeting_key_have_the_old_behaviour_at_every_step() -> None:
    for percent in (50.0, 100.0):
        assert on(exposed(percent), [{}, {"targetingKey": ""}, {"tier": "gold"}]) == [False] * 3


def test_another_rollout_meets_other_users() -> None:
    first, second = on(exposed(50.0, "r1"), FEWER), on(exposed(50.0, "r2"), FEWER)
    both = [one and other for one, other in zip(first, second, strict=True)]
    assert share(both) == pytest.approx(0.25, abs=0.02)


def test_two_flags_of_one_rollout_meet_other_users() -> None:
    state = after_exposure(exposed(50.0, flags={"old-cart": EVERYBODY}), "old-cart", 50.0, "r1", BY)
    both = [one and other for one, other in zip(on(state, FEWER), on(state, FEWER, "old-cart"), strict=True)]
    assert share(both) == pytest.approx(0.25, abs=0.02)


def test_a_killed_flag_is_off_for_everybody_whatever_targeting_and_exposure_say() -> None:
    staff = {**EVERYBODY, "targeting": {"if": [{"==": [{"var": "team"}, "staff"]}, "on"]}}
    state = after_exposure(head({FLAG: staff}), FLAG, 50.0, "r1", BY)
    member = {"targetingKey": "user-1", "team": "staff"}
    assert on(state, [member]) == [True]
    found = evaluate(flagd_document(effective(after_change(state, kill(FLAG)))), FLAG, [*USERS[:1000], member, {}])
    assert {(one.variant, one.value) for one in found} == {("off", False)}


def test_targeting_decides_first_and_the_exposure_for_the_others() -> None:
    rule = {"if": [{"$ref": "staff"}, "on"]}
    flags = declared({FLAG: {**EVERYBODY, "targeting": rule}}, evaluators={"staff": {"==": [{"var": "team"}, "staff"]}})
    state = after_exposure(head().model_copy(update={"declared": flags}), FLAG, 25.0, "r1", BY)
    assert all(on(state, ({**user, "team": "staff"} for user in USERS[:500])))
    assert on(state, FEWER) == on(exposed(25.0), FEWER)
