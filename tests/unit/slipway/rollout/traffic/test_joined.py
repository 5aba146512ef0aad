"""A backend that joined the route gets traffic once every proxy knows it."""

from __future__ import annotations

import pytest

from slipway.release.errors import RolloutAborted
from slipway.rollout.traffic.joined import HURRY, Joined, NotKnownYet
from tests.unit.slipway.rollout.simulation import Cancelled, Simulation


def joined(world: Simulation, *, hurry: bool = False) -> Joined:
    return Joined(world.world, world.wanted.candidate, world.old, hurry=hurry)


def test_no_traffic_before_every_proxy_knows_the_candidate() -> None:
    world = Simulation()
    world.traffic.unknown.add("checkout-bbbbbbbb")
    world.clock.at(12.0, world.traffic.unknown.clear)
    world.clock.at(11.9, lambda: seen.append(world.shares()))
    seen: list[list[float]] = []
    head = world.run()
    assert seen == [[]]
    assert world.shares() == [25.0, 100.0]
    assert head.serving is not None
    assert head.serving.backend == world.wanted.candidate


def test_a_candidate_that_stays_unknown_ends_the_rollout_and_the_reason_names_the_controller() -> None:
    world = Simulation()
    world.traffic.unknown.add("checkout-bbbbbbbb")
    with pytest.raises(RolloutAborted, match=r"not every proxy knows it.* connected to the gateway's controller"):
        world.run()
    assert world.shares() == []
    assert world.head.quarantined == {}


def test_an_operator_is_heard_while_the_proxies_are_waited_for() -> None:
    world = Simulation()
    world.traffic.unknown.add("checkout-bbbbbbbb")
    world.clock.at(3.0, world.cancelled.set)
    with pytest.raises(RolloutAborted, match="interrupted"):
        world.run()
    assert world.clock.now() < 1012.0


def test_a_return_waits_for_proxies_that_are_seen_without_it() -> None:
    world = Simulation()
    world.traffic.unknown.add("checkout-bbbbbbbb")
    world.clock.at(12.0, world.traffic.unknown.clear)
    world.run("rollback")
    assert world.clock.now() >= 1012.0
    assert world.shares() == [100.0]


@pytest.mark.parametrize("hurry", [True, False])
def test_only_a_hurry_goes_on_where_the_proxies_are_not_scraped(hurry: bool) -> None:
    world = Simulation()
    world.traffic.blind = True
    one = joined(world, hurry=hurry)
    for _ in range(2):
        try:
            one.wait(Cancelled(world.clock))
        except NotKnownYet as error:
            assert not error.overdue
            assert "were not scraped since it joined" in str(error)
        else:
            assert hurry
            assert world.clock.now() == pytest.approx(1000.0 + HURRY, abs=0.5)
            return
    assert not hurry


def test_what_the_proxies_know_already_is_not_waited_for() -> None:
    world = Simulation()
    joined(world).wait(Cancelled(world.clock))
    assert world.clock.now() == 1000.0


def test_slow_scrapes_are_waited_for_longer_than_something_that_is_wrong() -> None:
    world = Simulation()
    world.traffic.blind = True
    one, waits = joined(world), 0
    while world.clock.now() < 1100.0:
        with pytest.raises(NotKnownYet) as found:
            one.wait(Cancelled(world.clock))
        assert not found.value.overdue
        waits += 1
    assert waits > 10
    world.traffic.down = "connection refused"
    while not found.value.overdue:
        with pytest.raises(NotKnownYet, match="connection refused") as found:
            one.wait(Cancelled(world.clock))
    assert 1125.0 < world.clock.now() < 1145.0
