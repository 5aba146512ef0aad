"""Old ticks in fewer records: every change of the verdict stays, and what is kept in full decides the same again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.rollout import analysis
from slipway.rollout.analysis import Evidence
from slipway.rollout.analysis.types import Counts, GuardrailCounts, Tick, Verdict
from slipway.rollout.measurement.recorded import CHECKPOINT, Checkpoints, record_of, replay_records
from slipway.rollout.measurement.thinning import STRETCH, thin
from tests.unit.slipway.rollout.examples import wanted

WANTED = wanted(
    guardrails=[
        {"name": "errors", "kind": "error-ratio", "negligible": "1%"},
        {"name": "slow", "kind": "latency", "threshold": "250ms", "negligible": "1%"},
    ],
    analysis={"tick": "1s", "dwell": "2s", "horizon": "600s", "error_grace": "5s"},
)
SPANS = st.lists(
    st.tuples(st.integers(1, 130), st.sampled_from([0, 1, 2, 30]), st.booleans(), st.booleans()), min_size=1, max_size=6
)
"""Ticks in a row, bad ones of 40 of the candidate in each, whether a new step begins, whether a source fails last."""


def fresh() -> Evidence:
    return analysis.begin(WANTED.guardrails, WANTED.analysis, dispersion={"errors": 2.0})


def counts(bad: int) -> dict[str, GuardrailCounts]:
    both = GuardrailCounts(Counts(40, bad), Counts(40, 1))
    slow = GuardrailCounts(Counts(40, bad, (0.1, 0.25), (30, bad)), Counts(40, 1, (0.1, 0.25), (30, 1)))
    return {"errors": both, "slow": slow}


def recorded(spans: list[tuple[int, int, bool, bool]]) -> list[dict[str, Any]]:
    """The records of a rollout, up to its first FAIL, as the journal has them before anything is thinned."""
    return json.loads(json.dumps(list(_recorded(spans))))  # type: ignore[no-any-return]


def _recorded(spans: list[tuple[int, int, bool, bool]]) -> Iterator[dict[str, Any]]:
    evidence, checkpoints, former, weight, at = fresh(), Checkpoints(), None, 5.0, 0.0
    for ticks, bad, steps, breaks in spans:
        if steps and former is not None:
            evidence, former, weight = analysis.next_step(evidence), None, weight + 5.0
        for index in range(ticks):
            at += 1.0
            broken = breaks and index == ticks - 1
            seen, errors = ({}, {"errors": "away", "slow": "away"}) if broken else (counts(bad), {})
            tick = Tick(at, at, 1.0, weight, seen, errors)
            before = evidence
            evidence, decision = analysis.observe(evidence, tick)
            marks = checkpoints.mark(before, former, decision.verdict)
            former = decision.verdict
            yield {**record_of(tick, decision), **marks, "dispersion": {"errors": 2.0}}
            if former is Verdict.FAIL:
                return


def story(records: list[dict[str, Any]]) -> list[tuple[float, str]]:
    """Each verdict with the time at which it began; a new step begins it anew."""
    told: list[tuple[float, str]] = []
    for record in records:
        told += [(at, verdict) for at, verdict, *_ in record.get("turns", ())]
        if "turn" in record:
            told.append((record["at"], record["verdict"]))
    return sorted(set(told))


@settings(max_examples=25)
@given(SPANS)
def test_every_change_of_the_verdict_is_kept_with_its_time(spans: list[tuple[int, int, bool, bool]]) -> None:
    records = recorded(spans)
    assert story(thin(records)) == story(records)


@settings(max_examples=25)
@given(SPANS)
def test_no_request_and_no_second_is_lost(spans: list[tuple[int, int, bool, bool]]) -> None:
    records = recorded(spans)
    kept = thin(records)
    assert sum(record.get("ticks", 1) for record in kept) == len(records)
    assert sum(record["length"] for record in kept) == sum(record["length"] for record in records)
    for side in ("candidate", "baseline"):
        for what in ("total", "bad"):
            sums = [sum(r["counts"]["slow"][side][what] for r in of if r["counts"]) for of in (kept, records)]
            assert sums[0] == sums[1]


@settings(max_examples=25)
@given(SPANS, st.integers(0, 300))
def test_what_is_kept_in_full_decides_exactly_the_same_again(
    spans: list[tuple[int, int, bool, bool]], condensed: int
) -> None:
    """The older ticks are thinned, the others follow as they were."""
    records = recorded(spans)
    kept = [*thin(records[:condensed]), *records[condensed:]]
    again = {at: (decision.verdict, decision.statistic) for at, decision in replay_records(fresh(), kept)}
    told = {record["at"]: (record["verdict"], record["statistic"]) for record in records}
    assert all(told[at] == decided for at, decided in again.items())
    full = [record["at"] for record in kept if "ticks" not in record]
    turns = [record["at"] for record in kept if "turn" in record]
    assert set(turns) <= set(again)
    # Where old ticks end, a replay begins anew at the next tick that carries the evidence.
    assert len(set(full[condensed:]) - set(again)) < CHECKPOINT


@settings(max_examples=15)
@given(SPANS)
def test_a_recording_that_was_never_thinned_decides_again_at_every_tick(
    spans: list[tuple[int, int, bool, bool]],
) -> None:
    records = recorded(spans)
    assert [at for at, _ in replay_records(fresh(), records)] == [record["at"] for record in records]


def test_the_first_tick_of_a_step_and_a_fail_are_kept_in_full() -> None:
    records = recorded([(200, 0, False, False), (100, 0, True, False), (50, 40, False, False)])
    assert records[-1]["verdict"] == "FAIL"
    full = [record for record in thin(records) if "before" in record]
    for tick in (records[0], records[200], records[-1]):
        assert tick in full


def test_a_long_time_without_news_are_a_record_for_every_stretch() -> None:
    records = recorded([(1800, 0, False, False)])
    kept = thin(records)
    stretches = 1800 / STRETCH
    assert stretches <= len(kept) <= stretches + 6
    assert kept[-1]["at"] == 1800.0
    assert len(json.dumps(kept)) < len(json.dumps(records)) / 15


def test_errors_of_a_source_are_kept() -> None:
    records = recorded([(20, 0, False, True), (20, 0, False, False)])
    assert any(record["errors"] == {"errors": "away", "slow": "away"} for record in thin(records))


def test_a_verdict_that_changes_all_the_time_keeps_each_change_in_a_few_bytes() -> None:
    at = [float(n) for n in range(300)]
    side = {"total": 1, "bad": 0}
    records = [
        {
            "at": when,
            "inStep": when,
            "length": 1.0,
            "weight": 5.0,
            "counts": {"errors": {"candidate": side, "baseline": side}},
            "errors": {},
            "verdict": "PASS" if n % 2 else "INCONCLUSIVE",
            "statistic": 1.5,
            "threshold": 100.0,
            "findings": ["x" * 3000],
            "before": "x" * 3000,
            "turn": "changed",
        }
        for n, when in enumerate(at)
    ]
    kept = thin(records)
    assert [when for when, _ in story(kept)] == at
    assert len(json.dumps(kept)) < 30_000
