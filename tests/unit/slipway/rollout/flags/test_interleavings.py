"""Kills, resumes and updates beside each other in any order, each of which may die at any call of a store."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.flags.declaring import after_declaration
from slipway.release.flags.journal import after_change, after_exposure
from slipway.rollout.flags.writer import FlagWriter
from tests.flags import BATCH, BY, FLAGS, PAY, declaration, kill, resume
from tests.unit.slipway.rollout.flags.interleaving import Act, World

CHANGED = {**FLAGS, "batch": {**BATCH, "exposure": {"steps": [{"percent": 90}]}}}
BOTH = {**FLAGS, "new-cart": {**PAY, "kind": "ops", "expires": "2027-01-31"}, "batch": BATCH}
"""Two flags that are on: `pay` and `new-cart`."""


def up(flags: dict[str, Any]) -> Act:
    return lambda writer: writer.change(lambda head: after_declaration(head, declaration(flags), BY), declares=True)


def kills(flag: str, number: str) -> Act:
    return lambda writer: writer.change(lambda head: after_change(head, kill(flag, number)))


def resumes(flag: str, number: str) -> Act:
    """As the command does: for the kill that it sees first."""

    def act(writer: FlagWriter) -> None:
        killed = writer.load().killed(flag)
        lifted = resume(flag, number).model_copy(update={"ends": killed.id if killed is not None else None})
        writer.change(lambda head: after_change(head, lifted))

    return act


def exposes(number: str) -> Act:
    return lambda writer: writer.change(lambda head: after_exposure(head, "batch", 5.0, number, BY))


def world() -> World:
    made = World()
    up(BOTH)(made.writer())
    assert not made.is_off("pay")
    assert not made.is_off("new-cart")
    return made


def act_of(what: str, flag: str, number: int) -> Act:
    if what == "up":
        return up(BOTH if number % 2 else {**BOTH, "batch": CHANGED["batch"]})
    if what == "expose":
        return exposes(f"s{number}")
    return kills(flag, f"k{number}") if what == "kill" else resumes(flag, f"r{number}")


flags = st.sampled_from(["pay", "new-cart"])
deeds = st.tuples(st.sampled_from(["kill", "kill", "resume", "up", "expose"]), flags)
schedules = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([False] * 11 + [True])), max_size=60)
rounds = st.lists(st.tuples(st.lists(deeds, min_size=1, max_size=3), schedules), min_size=1, max_size=3)


@settings(max_examples=120, deadline=None)
@given(rounds)
def test_from_its_first_write_until_its_resume_a_killed_flag_is_off_in_the_document(
    history: list[tuple[list[tuple[str, str]], list[tuple[int, bool]]]],
) -> None:
    cluster, numbers = world(), itertools.count()

    def look() -> None:
        assert all(cluster.is_off(flag) for flag, _ in cluster.standing())

    for acts, schedule in history:
        cluster.interleave([act_of(*deed, next(numbers)) for deed in acts], schedule, look)
    standing = {flag for flag, _ in cluster.standing()}
    up(BOTH)(cluster.writer())
    look()
    for flag in ("pay", "new-cart"):
        assert cluster.is_off(flag) == (flag in standing)
        assert (cluster.head.killed(flag) is not None) == (flag in standing)
    for flag in standing:
        resumes(flag, f"last-{flag}")(cluster.writer())
        assert not cluster.is_off(flag)
    assert cluster.writer().problem() is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["kill", "up", "expose"]), flags), min_size=2, max_size=3), schedules)
def test_a_kill_that_ended_well_stands_whatever_dies_beside_it(
    acts: list[tuple[str, str]], schedule: list[tuple[int, bool]]
) -> None:
    cluster = world()
    processes = cluster.interleave([act_of(*deed, number) for number, deed in enumerate(acts)], schedule, lambda: None)
    for (what, flag), process in zip(acts, processes, strict=True):
        if what == "kill" and process.succeeded:
            assert cluster.is_off(flag)
            assert cluster.head.killed(flag) is not None


@settings(max_examples=60, deadline=None)
@given(schedules)
def test_a_kill_beside_a_resume_of_an_older_one_is_not_swallowed(schedule: list[tuple[int, bool]]) -> None:
    """What was written of the newer kill keeps the flag off unless the resume saw it and ended it."""
    cluster = world()
    kills("pay", "old")(cluster.writer())
    cluster.interleave([kills("pay", "new"), resumes("pay", "r")], schedule, lambda: None)
    up(BOTH)(cluster.writer())
    named = {kill for flag, kill in cluster.standing() if flag == "pay"}
    assert cluster.is_off("pay") == bool(named)
    assert named in (set(), {"old"}, {"new"})
