from __future__ import annotations

import pytest

from slipway.rollout.adapters import Adapters
from slipway.rollout.metrics.client_sources import ClientSources
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.process import clock


@pytest.mark.parametrize("jump", [-3600.0, 7200.0])
def test_a_wall_clock_that_is_set_does_not_move_it(jump: float) -> None:
    wall, passed = 1_700_000_000.0, 50.0
    now = clock.steady_clock(lambda: wall, lambda: passed)
    assert now() == wall
    wall += jump
    passed += 2.0
    assert now() == 1_700_000_002.0


def test_rollouts_go_by_it_unless_told_otherwise() -> None:
    world = Adapters(None, None, None, None, None)  # type: ignore[arg-type]
    assert world.now is clock.now
    assert ClientSources(Prometheus("http://nowhere.example"), "shop", None)._now is clock.now
