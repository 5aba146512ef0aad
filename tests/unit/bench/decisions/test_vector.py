"""The vectorised test of the benchmark is the production function, tick by tick."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bench.decisions.cells import Cell, Shape
from bench.decisions.production import single, slipway
from bench.decisions.recordings import Recordings, simulate
from bench.decisions.vector import Setting, abort_times, fresh, sides, step
from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.rollout.analysis import Counts, GuardrailCounts, Tick, begin, common, observe
from slipway.rollout.analysis.dispersion import estimate


def recordings(draw: st.DataObject, runs: int, ticks: int) -> Recordings:
    """Random counts of any shape: empty ticks, sides without traffic, few and many bad events."""
    rng = np.random.default_rng(draw.draw(st.integers(0, 2**32 - 1)))
    scale = draw.draw(st.sampled_from([1.0, 30.0, 1000.0, 30_000.0]))
    weight = draw.draw(st.sampled_from([0.02, 0.2, 0.5, 0.85]))
    share = draw.draw(st.sampled_from([0.0, 0.001, 0.02, 0.05]))
    ratio = draw.draw(st.sampled_from([0.3, 1.0, 2.5]))
    empty = rng.random((runs, ticks)) < 0.1
    candidate = np.where(empty, 0, rng.poisson(scale * weight, (runs, ticks)))
    baseline = np.where(rng.random((runs, ticks)) < 0.05, 0, rng.poisson(scale * (1.0 - weight), (runs, ticks)))
    bad, other = rng.binomial(candidate, min(1.0, share * ratio)), rng.binomial(baseline, share)
    # Common events are judged by another bet, which the benchmark does not need.
    totals, others = np.cumsum(baseline, axis=1), np.cumsum(other, axis=1)
    assume(not ((totals >= common.ENOUGH) & (others >= common.COMMON * totals)).any())
    return Recordings(candidate, bad, baseline, other, 10.0, weight, 0.0, [])


@settings(max_examples=40)
@given(st.data(), st.sampled_from([1.0, 1.1, 3.0]), st.sampled_from([1.0, 4.0]), st.sampled_from([0.0, 45.0]))
def test_both_hold_the_same_evidence_after_every_tick(
    data: st.DataObject, tolerate: float, phi: float, warm_up: float
) -> None:
    seen = recordings(data, runs=3, ticks=25)
    setting = Setting(tolerate, phi=phi)
    runs = fresh(3, setting)
    guardrail = ErrorRatio(kind="error-ratio", name="errors", tolerate=tolerate)
    analysis = Analysis(tick=10.0, warm_up=warm_up)
    own = [begin((guardrail,), analysis, dispersion={"errors": phi}) for _ in range(3)]
    first = np.argmax(seen.candidate_total > 0, axis=1)
    for index in range(25):
        columns = [side[:, index] for side in sides(seen)]
        warm = (index + 1 - first) * 10.0 <= warm_up if warm_up else np.zeros(3, dtype=bool)
        step(runs, columns, warm, 10.0, setting)
        at = 10.0 * (index + 1)
        for run in range(3):
            n_c, x_c, n_b, x_b = (int(column[run]) for column in columns)
            counts = {"errors": GuardrailCounts(Counts(n_c, x_c), Counts(n_b, x_b))}
            own[run], _ = observe(own[run], Tick(at, at, 10.0, 100.0 * seen.weight, counts, {}))
            assert own[run].states[0].abort.log == pytest.approx(runs.log[run], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("shape", "strength", "ratio"),
    [("steady", 1.0, 3.0), ("steady", 1.0, 1.0), ("bursts", 5.0, 4.0), ("cold-start", 10.0, 5.0), ("drift", 3.0, 2.0)],
)
@pytest.mark.parametrize("tolerate", [1.0, 1.1])
def test_both_abort_the_same_releases_at_the_same_tick(
    shape: Shape, strength: float, ratio: float, tolerate: float
) -> None:
    seen = simulate(Cell(0.003, 100.0, 0.2, ratio, shape, strength), runs=12, seconds=900.0)
    phi = estimate(seen.history)
    times = abort_times(seen, Setting(tolerate, phi=phi))
    for run in range(12):
        own = slipway(single(seen, run), tolerate, phi)
        assert own == (None if np.isnan(times[run]) else times[run])
