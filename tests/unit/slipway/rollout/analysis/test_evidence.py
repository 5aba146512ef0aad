from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.rollout.analysis import Counts, Evidence, GuardrailCounts, Tick, begin, observe
from tests.unit.slipway.rollout.analysis.examples import (
    analysis,
    clients,
    counts,
    errors,
    fresh,
    guardrail,
    latency,
    slo,
    tick,
    traffic,
    watch,
)

BOUNDS = (0.1, 0.3, 0.5)


def again(evidence: Evidence) -> Evidence:
    return Evidence.from_json(json.loads(json.dumps(evidence.to_json(), allow_nan=False)))


def full() -> Evidence:
    alert = guardrail(name="burn", kind="alert", alert="HighBurnRate", labels={"severity": "page"})
    chosen = (errors(objective="1%"), latency(), slo(), clients(), alert)
    return begin(chosen, analysis(warm_up="4s"), dispersion={"errors": 3.5})


def busy(index: int, x: int, y: int) -> Tick:
    candidate, baseline = (Counts(100, bad, BOUNDS, (bad + 5, bad, bad // 2)) for bad in (x, y))
    seen = {
        "errors": counts((100, x), (900, y)),
        "latency": GuardrailCounts(candidate, baseline),
        "slo": counts((100, x), (900, y)),
        "clients": counts((10, 0), (90, 0), first_failures=((f"k{index % 4}", x > y),)),
        "burn": counts((0, 0), firing=False),
    }
    return Tick(2.0 * index + 2, 2.0 * index + 2, 2.0, 25.0, seen, {})


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=8))
def test_evidence_survives_the_journal_exactly_at_every_tick(bad: list[tuple[int, int]]) -> None:
    straight = stored = full()
    for index, (x, y) in enumerate(bad):
        straight, expected = observe(straight, busy(index, x, y))
        stored, decision = observe(again(stored), busy(index, x, y))
        assert again(stored) == stored == straight
        assert decision == expected


def test_a_first_release_and_its_dispersion_are_part_of_the_record() -> None:
    evidence = fresh(errors(objective="1%"), first_release=True, phi=2.0)
    assert again(evidence) == evidence
    assert again(evidence).settings.rules == evidence.settings.rules


def test_the_record_of_a_plain_guardrail_is_small() -> None:
    evidence, _ = watch(fresh(), traffic(1, candidate=0.01, baseline=0.01, ticks=200))
    assert len(json.dumps(evidence.to_json())) < 3000


@pytest.mark.parametrize("damage", [{"format": 2}, {"states": {}}, {"states": {"errors": {}}}, {"dispersion": 1}])
def test_a_damaged_record_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Evidence.from_json({**fresh().to_json(), **damage})


def test_observing_changes_nothing_that_was_there_before() -> None:
    evidence = full()
    before = json.dumps(evidence.to_json())
    observe(evidence, busy(1, 5, 1))
    observe(evidence, tick(2, errors="down"))
    assert json.dumps(evidence.to_json()) == before
