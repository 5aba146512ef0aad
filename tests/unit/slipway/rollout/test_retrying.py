"""What is done again, and for how long."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from slipway.release.errors import ClusterAway, ClusterError, Conflict, JournalUnreadable, LeaseHeld, LeaseStale
from slipway.rollout.retrying import retry_until, retry_while_away
from tests.unit.slipway.rollout.simulation import Simulation


def failing(times: int, error: Exception) -> Callable[[], str]:
    """Raises the error so often, then answers."""
    left = [error] * times

    def do() -> str:
        if left:
            raise left.pop()
        return "done"

    return do


@pytest.mark.parametrize("error", [ClusterAway("no answer"), LeaseStale("not renewed")])
def test_an_api_server_that_is_away_is_waited_for_and_it_is_said(error: ClusterError) -> None:
    world = Simulation()
    assert retry_while_away(world.world, failing(9, error), 10.0, world.lines.status) == "done"
    assert world.lines.lines == [f"waiting for the cluster: {error}"] * 9


def test_one_that_stays_away_is_waited_for_no_longer_than_allowed() -> None:
    world = Simulation()
    with pytest.raises(ClusterAway, match="no answer"):
        retry_while_away(world.world, failing(99, ClusterAway("no answer")), 10.0)
    assert 1010.0 <= world.clock.now() <= 1012.0


@pytest.mark.parametrize("error", [ClusterError("403"), LeaseHeld("x"), Conflict("x"), JournalUnreadable("x")])
def test_what_is_refused_is_told_at_once(error: ClusterError) -> None:
    world = Simulation()
    with pytest.raises(type(error)):
        retry_while_away(world.world, failing(1, error), 10.0)
    assert world.clock.now() == 1000.0
    assert retry_until(world.world, failing(1, error), 10.0) == "done"


def test_an_interruption_ends_the_wait() -> None:
    world = Simulation()
    world.cancelled.set()
    with pytest.raises(ClusterAway):
        retry_while_away(world.world, failing(1, ClusterAway("x")), 10.0, cancelled=world.cancelled)
