"""The watches of the benchmark are those of production, many at once."""

from __future__ import annotations

import numpy as np
import pytest

from bench.watches import ALPHA, HOUR, TOLERATE, Case, Watches, breached, row
from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import ErrorRatio, Guardrail, Slo
from slipway.release.manifest.watch import OnBreach
from slipway.release.watch_inputs import WatchInputs
from slipway.rollout.analysis import Counts, GuardrailCounts, Tick
from slipway.rollout.analysis.watching import Standing, begin_watch, look

RELATIVE = ErrorRatio(name="errors", kind="error-ratio", tolerate=TOLERATE)
ABSOLUTE = Slo(name="errors", kind="slo", objective=0.005)


@pytest.mark.parametrize(("guardrail", "holdback"), [(RELATIVE, 0.02), (ABSOLUTE, None)])
@pytest.mark.parametrize("share", [0.001, 0.008, 0.03])
def test_both_decide_the_same_at_every_look(guardrail: Guardrail, holdback: float | None, share: float) -> None:
    lasts, length, runs = 3 * HOUR, 60.0, 4
    inputs = WatchInputs(
        lasts=lasts,
        holdback=holdback,
        guardrails=(guardrail,),
        false_abort=ALPHA,
        no_data_grace=300.0,
        on_breach=OnBreach(),
    )
    states = [begin_watch(inputs, Analysis()) for _ in range(runs)]
    many = Watches(runs, Case("", lasts, holdback=holdback))
    dice = np.random.default_rng(11)
    for number in range(1, round(lasts / length)):
        at = number * length
        own, other = dice.poisson(980, runs), dice.poisson(20, runs)
        bad, beside = dice.binomial(own, share), dice.binomial(other, 0.001)
        done = many.look(at, length, [own, bad, other, beside])
        for run in range(runs):
            sides = Counts(int(own[run]), int(bad[run])), Counts(int(other[run]), int(beside[run]))
            tick = Tick(at, 0.0, length, inputs.weight, {"errors": GuardrailCounts(*sides)}, {})
            states[run], found = look(states[run], at, tick)
            assert (found.standing is Standing.BREACH) == bool(done[run])
            assert states[run].evidence.states[0].abort.log == pytest.approx(many.evidence[run], abs=1e-9)
            assert states[run].stretch == many.stretch[run]
        if done.any():
            break
    else:
        assert share == 0.001
        assert (many.stretch > 0).any()


def test_a_fault_is_found_within_75_seconds_with_a_hold_back_of_two_percent() -> None:
    times = breached(Case("", HOUR, 0.05), 300)
    assert not np.isnan(times).any()
    assert np.median(times) <= 75.0


def test_healthy_watches_are_seldom_stopped() -> None:
    found = row(Case("", HOUR), 200)
    assert (found["median"], found["before"]) == (None, 0)
    assert found["stopped"] in range(5)
