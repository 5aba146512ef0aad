"""What the preview says of counts that come late."""

from __future__ import annotations

from slipway.release.manifest.analysis import Analysis
from slipway.rollout.analysis.late import as_counted, late

ANALYSIS = Analysis.model_validate({"tick": "2s", "dwell": "30s"})


def test_steps_and_ticks_are_foreseen_as_a_rollout_keeps_them() -> None:
    assert as_counted(ANALYSIS, 2.0, 0.0) is ANALYSIS
    changed = as_counted(ANALYSIS, 60.0, 210.0)
    assert (changed.tick, changed.dwell) == (60.0, 210.0)
    longer = Analysis.model_validate({"tick": "2s", "dwell": "10m"})
    assert as_counted(longer, 60.0, 210.0).dwell == 600.0


def test_the_cost_and_what_would_be_faster_are_said() -> None:
    cost, faster = late(90.0, 210.0)
    assert "every time here is 1m30s to 3m30s longer" in cost
    assert "no step is shorter than 3m30s" in cost
    assert "metrics.kind prometheus" in faster
