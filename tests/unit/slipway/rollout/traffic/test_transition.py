"""The writes between two routes: nobody gets traffic in the write that introduces it, nobody leaves with traffic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ClusterError
from slipway.rollout.routers.base import ClientAssignment, Split
from slipway.rollout.traffic.transition import await_accepted, move, next_split, take_out
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.simulation import Simulation

SIDES = [backend(f"{letter * 8}") for letter in "abcd"]
OLD, NEW = SIDES[0], SIDES[1]


def shares(split: Split) -> dict[str, float]:
    return {side.entry: share for side, share in split.shares}


def test_a_first_route_is_written_at_once() -> None:
    assert next_split(None, Split.whole(NEW), [], out=False) == Split.whole(NEW)


def test_a_switch_joins_then_shifts_then_leaves() -> None:
    live = {OLD.entry: 100.0}
    first = next_split(live, Split.whole(NEW), [OLD], out=True)
    assert first == Split(((OLD, 100.0), (NEW, 0.0)))
    second = next_split(shares(first), Split.whole(NEW), [OLD], out=True)
    assert second == Split(((NEW, 100.0), (OLD, 0.0)))
    third = next_split(shares(second), Split.whole(NEW), [OLD], out=True)
    assert third == Split.whole(NEW)
    assert next_split(shares(third), Split.whole(NEW), [OLD], out=True) is None


def test_who_has_no_weight_any_more_stays_in_the_route_until_it_is_taken_out() -> None:
    shifted = {NEW.entry: 100.0, OLD.entry: 0.0}
    assert next_split(shifted, Split.whole(NEW), [OLD], out=False) is None
    assert next_split({NEW.entry: 100.0}, Split.whole(NEW), [OLD], out=False) is None
    assert next_split(shifted, Split.whole(NEW), [OLD], out=True) == Split.whole(NEW)


def test_other_settings_of_the_route_take_nobody_out_of_it() -> None:
    world = Simulation()
    route = world.wanted.route
    move(world.world, route, Split(((OLD, 60.0), (NEW, 40.0))), [OLD, NEW], world.clock.advance)
    other = route.model_copy(update={"hosts": ("other.example",)})
    live = move(world.world, other, Split.whole(OLD), [OLD, NEW], world.clock.advance)
    assert live.settings_hash == world.router.settings_hash(other)
    assert dict(live.shares) == {OLD.entry: 100.0, NEW.entry: 0.0}
    assert dict(move(world.world, route, Split.whole(OLD), [OLD, NEW], world.clock.advance).shares) == dict(live.shares)


def test_somebody_elses_backend_is_not_kept() -> None:
    live = {OLD.entry: 60.0, "intruder": 40.0}
    assert next_split(live, Split.whole(OLD), [OLD], out=False) == Split.whole(OLD)


def test_a_route_full_of_strangers_is_replaced() -> None:
    assert next_split({"intruder": 100.0}, Split.whole(OLD), [OLD], out=False) == Split.whole(OLD)


@given(
    st.dictionaries(st.sampled_from([side.entry for side in SIDES]), st.integers(0, 10), min_size=1),
    st.dictionaries(st.integers(0, 3), st.integers(1, 10), min_size=1),
    st.booleans(),
)
def test_every_way_ends_where_it_should_and_no_write_does_two_things_at_once(
    start: dict[str, int], goal: dict[int, int], out: bool
) -> None:
    total, sum_goal = sum(start.values()), sum(goal.values())
    live = {name: 100.0 * share / total if total else 0.0 for name, share in start.items()}
    wanted = Split(tuple((SIDES[i], 100.0 * share / sum_goal) for i, share in goal.items()))
    for _ in range(4):
        split = next_split(live, wanted, SIDES, out=out)
        if split is None:
            break
        after = shares(split)
        if total:
            assert all(after[name] == 0.0 for name in after.keys() - live.keys())
            assert all(live[name] == 0.0 for name in live.keys() - after.keys())
        live = after
    idle = {} if out or not total else dict.fromkeys(start.keys() - shares(wanted).keys(), 0.0)
    assert live == pytest.approx({**shares(wanted), **idle})


def test_move_awaits_each_write_and_says_why_the_gateway_refuses() -> None:
    world = Simulation()
    world.router.judge("BackendNotFound: no such Service")
    with pytest.raises(ClusterError, match="did not accept the route within 30s: BackendNotFound"):
        move(world.world, world.wanted.route, Split.whole(NEW), [OLD], world.clock.advance)
    assert len(world.router.history) == 1


def test_a_sticky_route_is_left_by_plain_weights_before_anybody_leaves_it() -> None:
    world = Simulation()
    draw = ClientAssignment("side-0a", NEW.entry, (25.0, 50.0, 100.0), 60)
    split = Split(((OLD, 75.0), (NEW, 25.0)), None, draw)
    move(world.world, world.wanted.route, split, [OLD, NEW], world.clock.advance)
    assert world.router.history[-1] == split
    live = take_out(world.world, world.wanted.route, Split.whole(OLD), [OLD, NEW], world.clock.advance)
    last = [shares(one) for one in world.router.history[-2:]]
    assert last == [{OLD.entry: 100, NEW.entry: 0}, {OLD.entry: 100}]
    assert live.settings_hash == world.router.settings_hash(world.wanted.route)


def test_a_draw_that_is_not_the_wanted_one_is_written_anew_at_the_same_weights() -> None:
    world = Simulation()
    route, names = world.wanted.route, ("side-0a", "side-0b")
    first, second = (
        Split(((OLD, 75.0), (NEW, 25.0)), None, ClientAssignment(n, NEW.entry, (25.0, 100.0), 60)) for n in names
    )
    move(world.world, route, first, [OLD, NEW], world.clock.advance)
    live = move(world.world, route, second, [OLD, NEW], world.clock.advance)
    assert live.settings_hash == world.router.settings_hash(route, None, second.draw)
    plain = move(world.world, route, Split(first.shares), [OLD, NEW], world.clock.advance)
    assert plain.settings_hash == world.router.settings_hash(route)


def test_a_gateway_that_is_behind_has_longer_than_one_that_never_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Simulation()
    world.router.judge("has not judged generation 2 of the route yet")
    with pytest.raises(ClusterError, match="did not accept the route within 30s"):
        await_accepted(world.world, world.clock.advance)
    live = world.router.read()
    assert live is not None
    answer = [replace(live, behind=True)]
    monkeypatch.setattr(world.router, "read", lambda max_age=0.0: answer[-1])
    world.clock.at(world.clock.now() - 1000.0 + 90.0, lambda: answer.append(replace(live, accepted=True)))
    assert await_accepted(world.world, world.clock.advance).accepted
    answer.append(replace(live, behind=True))
    with pytest.raises(ClusterError, match="did not accept the route within 2m"):
        await_accepted(world.world, world.clock.advance)
