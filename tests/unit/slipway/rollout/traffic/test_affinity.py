from __future__ import annotations

from typing import Any

import pytest

from slipway.release.manifest.plan import PlannedStep
from slipway.release.records.journal import Attempt
from slipway.rollout.traffic.affinity import AT_LEAST, draw_for
from tests.unit.slipway.rollout.examples import ROUTE, attempt, wanted

STEPS = (PlannedStep(5, 120), PlannedStep(25, 300), PlannedStep(100, 600))
STICKY = wanted(route={**ROUTE, "affinity": {"cookie": "side"}})


def of(**changes: Any) -> Attempt:
    return attempt().model_copy(update=changes)


def test_the_steps_are_the_bounds_and_the_candidate_is_the_side_that_grows() -> None:
    draw = draw_for(STICKY, of(), STEPS)
    assert draw is not None
    assert draw.bounds == (5, 25, 100)
    assert draw.service == STICKY.candidate.entry
    assert draw.cookie.startswith("side-")


def test_every_attempt_draws_afresh_also_of_the_same_revision() -> None:
    names = {draw.cookie for number in range(50) if (draw := draw_for(STICKY, of(id=f"r{number}"), STEPS))}
    assert len(names) == 50
    assert draw_for(STICKY, of(id="r1"), STEPS) == draw_for(STICKY, of(id="r1"), STEPS)


def test_the_name_does_not_give_away_who_holds_the_lease() -> None:
    draw = draw_for(STICKY, of(id="f00dfeed0123"), STEPS)
    assert draw is not None
    assert "f00dfeed0123" not in draw.cookie


def test_the_cookie_outlives_a_rollout_that_is_as_slow_as_it_may_be() -> None:
    draw = draw_for(STICKY, of(), STEPS)
    slow = STICKY.model_copy(update={"analysis": STICKY.analysis.model_copy(update={"horizon": 60_000.0})})
    slower = draw_for(slow, of(), STEPS)
    assert draw is not None
    assert slower is not None
    assert (draw.max_age, slower.max_age) == (AT_LEAST, 3 * 60_000 + 120 + 300 + 600)


@pytest.mark.parametrize("affinity", [None, {"header": "x-client"}])
def test_a_route_that_keeps_nobody_has_no_draw(affinity: dict[str, str] | None) -> None:
    assert draw_for(wanted(route={**ROUTE, "affinity": affinity}), of(), STEPS) is None


def test_a_rollout_that_never_splits_has_no_draw() -> None:
    assert draw_for(STICKY, of(), STEPS[-1:]) is None
    assert draw_for(STICKY, of(kind="rollback"), STEPS) is None
    assert draw_for(STICKY, of(kind="first"), STEPS) is None
