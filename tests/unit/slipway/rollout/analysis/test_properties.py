"""What holds of the whole decision whatever was counted: exact expectations, monotonicity, how counts are split."""

from __future__ import annotations

from math import comb, exp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.rollout.analysis import Evidence, Verdict, observe
from tests.unit.slipway.rollout.analysis.examples import counts, errors, fresh, slo, tick

Path = tuple[float, Evidence]


def chances(number: int, share: float) -> list[float]:
    return [comb(number, k) * share**k * (1.0 - share) ** (number - k) for k in range(number + 1)]


def outcomes(
    paths: list[Path], at: float, weight: float, n: tuple[int, int], shares: tuple[float, float]
) -> list[Path]:
    """Every outcome of one more tick with its chance."""
    found = []
    for chance, evidence in paths:
        for x, first in enumerate(chances(n[0], shares[0])):
            for y, second in enumerate(chances(n[1], shares[1])):
                if first * second > 0.0:
                    seen = counts((n[0], x), (n[1], y))
                    found.append((chance * first * second, observe(evidence, tick(at, weight, errors=seen))[0]))
    return found


@settings(max_examples=25)
@given(st.sampled_from([(50.0, 2.0), (10.0, 6.0)]), st.floats(0.0, 0.15), st.floats(1.0, 2.0))
def test_evidence_for_leaving_a_step_is_one_at_most_on_average_when_it_must_not_be_left(
    step: tuple[float, float], baseline: float, more: float
) -> None:
    """Exactly, over every outcome of two ticks: the candidate's share is at least what is negligible, and its ratio at
    least what the step must refute."""
    weight, highest = step
    candidate = min(0.95, max(0.05, highest * baseline) * more)
    paths = [(1.0, fresh(errors(negligible="5%")))]
    for at in (2.0, 4.0):
        paths = outcomes(paths, at, weight, (4, 6), (candidate, baseline))
    assert sum(chance for chance, _ in paths) == pytest.approx(1.0)
    assert sum(chance * exp(evidence.states[0].promote.log) for chance, evidence in paths) <= 1.0 + 1e-9


@settings(max_examples=25)
@given(st.floats(0.0, 1.0), st.sampled_from([None, 4.0]), st.sampled_from(["0s", "3s"]))
def test_alone_evidence_for_an_abort_is_one_at_most_on_average_within_the_objective(
    part: float, phi: float | None, warm_up: str
) -> None:
    paths = [(1.0, fresh(errors(objective="20%"), phi=phi, warm_up=warm_up, falseAbort=1e-6))]
    for at in (2.0, 4.0, 6.0):
        paths = outcomes(paths, at, 100.0, (5, 0), (0.2 * part, 0.0))
    assert sum(chance * exp(evidence.states[0].abort.log) for chance, evidence in paths) <= 1.0 + 1e-9


KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "beside a baseline": (errors(), {}),
    "against an objective alone": (slo(name="errors"), {}),
    "on a first release": (errors(objective="1%"), {"first_release": True}),
    "after a warm-up": (errors(), {"warm_up": "3s"}),
}
Row = tuple[int, int]
rows = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 40)), min_size=1, max_size=4)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(rows, st.data(), st.sampled_from([5.0, 50.0, 95.0, 100.0]))
def test_one_more_bad_event_of_the_candidate_at_any_time_is_never_less_evidence_against_it(
    kind: str, seen: list[Row], data: st.DataObject, weight: float
) -> None:
    """Not so where bets sit ticks out: what a bet won before is no more than its part of the others meanwhile."""
    index = data.draw(st.integers(0, len(seen) - 1))
    worse = [(x + (number == index), y) for number, (x, y) in enumerate(seen)]
    for (logs, verdict), (worse_logs, worse_verdict) in zip(
        watched(kind, seen, weight), watched(kind, worse, weight), strict=False
    ):
        if worse_verdict is Verdict.FAIL:
            return
        assert verdict is not Verdict.FAIL
        assert worse_logs >= logs - 1e-9


def watched(kind: str, seen: list[Row], weight: float) -> list[tuple[float, Verdict]]:
    """Abort evidence and verdict after each tick, up to an abort."""
    declared, options = KINDS[kind]
    evidence, found = fresh(declared, **options), []
    for number, (x, y) in enumerate(seen):
        pair = counts((40, x), (40, y) if weight < 100.0 else (0, 0))
        evidence, decision = observe(evidence, tick(2.0 * number + 2.0, weight, errors=pair))
        found.append((evidence.states[0].abort.log, decision.verdict))
        if decision.verdict is Verdict.FAIL:
            break
    return found


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6))
def test_without_restarts_it_does_not_matter_how_counts_are_split_over_ticks(parts: list[Row]) -> None:
    """Of one exposure, far from the threshold: restarts go by the clock, and the removal of overshoot by the tick."""
    x, y = (sum(side) for side in zip(*parts, strict=True))
    at_once = fresh(horizon=1e9, falseAbort=1e-30, falsePromote=1e-30)
    split = at_once
    n = len(parts)
    at_once, _ = observe(at_once, tick(2.0, errors=counts((50 * n, x), (150 * n, y))))
    for number, (a, b) in enumerate(parts):
        split, _ = observe(split, tick(2.0 * number + 2.0, errors=counts((50, a), (150, b))))
    assert split.states[0].abort.log == pytest.approx(at_once.states[0].abort.log, abs=1e-5)
    assert split.states[0].promote.log == pytest.approx(at_once.states[0].promote.log, abs=1e-5)
