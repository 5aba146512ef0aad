from __future__ import annotations

import pytest

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.plan import PlannedStep
from slipway.rollout.analysis.sparse import sparse

STEPS = (PlannedStep(0.0, 1.0), PlannedStep(5.0, 60.0), PlannedStep(50.0, 20.0), PlannedStep(100.0, 10.0))
ANALYSIS = Analysis(tick=2.0, dwell=5.0)


def test_a_step_needs_two_samples_and_the_short_ones_are_named() -> None:
    later, short = sparse(15.0, ANALYSIS, STEPS)
    assert "a fault is noticed up to 15s later" in later
    assert "(8s on average)" in later
    assert short.startswith("warning: ")
    assert ": 50%, 100%; bake for 30s or more" in short


def test_the_dwell_counts_as_a_bake() -> None:
    assert len(sparse(15.0, ANALYSIS.model_copy(update={"dwell": 30.0}), STEPS)) == 1


@pytest.mark.parametrize("interval", [None, 1.0, 2.5])
def test_nothing_is_said_of_samples_that_come_as_often_as_looks(interval: float | None) -> None:
    assert sparse(interval, ANALYSIS, STEPS) == ()
