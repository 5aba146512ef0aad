"""How many bad events an alarm needs: a service exactly at its budget is hardly ever alarmed, whatever its traffic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from slipway.release.slo.model import LeastBad
from slipway.release.slo.rules import BURNS, Burn

LEAST = LeastBad().model_dump(by_alias=True)
MEANS = np.geomspace(1e-3, 300, 20_000)
"""Bad events that a service exactly at its budget has in a window, from hardly any traffic to a lot."""


def by_chance(burn: Burn, least: int) -> float:
    """The largest probability that the long window of an alarm is full of bad events by chance."""
    needed = np.maximum(least, np.floor(burn.factor * MEANS) + 1)
    return float(stats.poisson.sf(needed - 1, MEANS).max())


@pytest.mark.parametrize("burn", [burn for burn in BURNS if burn.factor > 1], ids=lambda burn: burn.long)
def test_an_alarm_by_chance_is_rarer_than_one_in_two_hundred_windows(burn: Burn) -> None:
    least = LEAST[burn.long]
    assert by_chance(burn, least) <= 0.005
    assert by_chance(burn, least - 1) > 0.005, "and no higher than it has to be"
