"""A backend that left the route is let go only after the data plane was seen to send it nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.metrics.base import Series, Snapshot
from slipway.rollout.traffic.in_force import InForce
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.simulation import Cancelled, Simulation


class Proxies:
    """Proxies that are scraped every `interval` seconds; `sends` says how many requests each has sent to the backend
    by a time. `down` makes the metrics system fail."""

    def __init__(self, world: Simulation, *sends: Callable[[float], float], interval: float = 1.0) -> None:
        self._world = world
        self._sends = sends
        self.interval = interval
        self.down = ""
        self.flying = 0

    def _scraped(self) -> float:
        if self.down:
            raise ClusterError(self.down)
        now = self._world.clock.now()
        return now - now % self.interval

    def begin_afresh(self) -> bool:
        return False

    def snapshot(self, *_: object) -> Snapshot:
        try:
            return Snapshot(self._scraped(), {}, {})
        except ClusterError as error:
            return Snapshot(0.0, {}, {"errors": str(error)})

    def traffic(self, backends: tuple[object, ...]) -> dict[str, dict[str, Series]]:
        at = self._scraped()
        return {"bbbbbbbb": {f"p{n}": Series(float(int(sent(at))), 0.0, {}) for n, sent in enumerate(self._sends)}}

    def in_flight(self, _: object, after: float | None = None) -> int | None:
        return None if after is not None and self._scraped() <= after else self.flying


def stops_at(end: float, rate: float = 10.0) -> Callable[[float], float]:
    """Requests until `end` seconds of the simulation have passed."""
    return lambda at: rate * min(at - 1000.0, end)


def waited(world: Simulation, proxies: Proxies) -> float:
    """Seconds until the backend was seen without requests."""
    object.__setattr__(world.world, "source", proxies)
    InForce(world.world, world.wanted, backend("bbbbbbbb")).wait(Cancelled(world.clock))
    return world.clock.now() - 1000.0


def test_two_scrapes_after_the_write_without_a_request_are_enough() -> None:
    world = Simulation()
    assert 2.0 <= waited(world, Proxies(world, stops_at(0.0))) <= 4.0


def test_a_proxy_that_still_sends_is_waited_for() -> None:
    world = Simulation()
    assert waited(world, Proxies(world, stops_at(0.0), stops_at(12.0))) >= 12.0


def test_a_proxy_that_never_takes_the_route_over_fails_the_update() -> None:
    world = Simulation()
    with pytest.raises(ClusterError, match=r"checkout-bbbbbbbb was not seen without requests: .*still sends to it"):
        waited(world, Proxies(world, stops_at(1e9)))
    assert world.clock.now() < 1060.0


def test_metrics_that_are_away_are_no_sign_that_it_is_in_force() -> None:
    world = Simulation()
    proxies = Proxies(world, stops_at(0.0))
    proxies.down = "connection refused"
    with pytest.raises(ClusterError, match="no samples of the data plane"):
        waited(world, proxies)


def test_metrics_that_come_back_are_asked_anew() -> None:
    world = Simulation()
    proxies = Proxies(world, stops_at(0.0))
    proxies.down = "connection refused"
    world.clock.at(10.0, lambda: setattr(proxies, "down", ""))
    assert 12.0 <= waited(world, proxies) <= 15.0


def test_slow_scrapes_are_waited_for() -> None:
    world = Simulation()
    assert waited(world, Proxies(world, stops_at(0.0), interval=60.0)) <= 200.0


def test_requests_that_are_still_under_way_are_waited_for_but_not_for_ever() -> None:
    world = Simulation()
    proxies = Proxies(world, stops_at(0.0))
    proxies.flying = 2
    assert 10.0 <= waited(world, proxies) <= 20.0


def test_an_interruption_ends_the_wait_without_a_yes() -> None:
    world = Simulation()
    object.__setattr__(world.world, "source", Proxies(world, stops_at(0.0)))
    cancelled = Cancelled(world.clock)
    cancelled.set()
    with pytest.raises(ClusterError, match="not seen without requests"):
        InForce(world.world, world.wanted, backend("bbbbbbbb")).wait(cancelled)


def test_without_a_metrics_source_nothing_is_seen() -> None:
    world = Simulation()
    object.__setattr__(world.world, "source", None)
    with pytest.raises(ClusterError, match="no metrics source"):
        InForce(world.world, world.wanted, backend("bbbbbbbb")).wait(Cancelled(world.clock))
