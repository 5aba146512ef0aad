"""The decision of a watch. Simulations are seeded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import AlertFiring, ClientFailures, Custom, ErrorRatio, Slo
from slipway.release.manifest.watch import OnBreach
from slipway.release.watch_inputs import WatchInputs
from slipway.rollout.analysis import Counts, GuardrailCounts, Tick
from slipway.rollout.analysis.past import Past
from slipway.rollout.analysis.rules import Known
from slipway.rollout.analysis.watch_state import counts_of, sampling
from slipway.rollout.analysis.watching import (
    STRETCH,
    Standing,
    WatchLook,
    WatchState,
    begin_watch,
    look,
    part_of,
    stretches,
)

ANALYSIS = Analysis.model_validate({"tick": "10s"})
ERRORS = ErrorRatio(name="errors", kind="error-ratio")
SLO = Slo(name="slo", kind="slo", objective=0.005)
ALERT = AlertFiring(name="page", kind="alert", alert="Burning")
KPI = Custom(name="kpi", kind="custom", good="g{revision}", total="t{revision}", objective=0.2)


def watch(*guardrails: Any, **changes: Any) -> WatchInputs:
    given = {"lasts": 3600.0, "false_abort": 0.005, "no_data_grace": 300.0, "on_breach": OnBreach(), "holdback": 0.02}
    return WatchInputs(guardrails=guardrails or (ERRORS,), **{**given, **changes})


def counted(candidate: tuple[int, int], baseline: tuple[int, int] = (0, 0)) -> GuardrailCounts:
    """(total, bad) of either side."""
    return GuardrailCounts(Counts(*candidate), Counts(*baseline))


def window(at: float, found: GuardrailCounts, *names: str, length: float = 10.0, weight: float = 98.0) -> Tick:
    return Tick(at, 0.0, length, weight, dict.fromkeys(names or ("errors",), found), {})


def follow(state: WatchState, ticks: Iterable[Tick]) -> tuple[WatchState, WatchLook]:
    """Until the watch ends, or the ticks do."""
    found = WatchLook(Standing.WATCHING, "")
    for tick in ticks:
        state, found = look(state, tick.at, tick)
        if state.ended:
            break
    return state, found


def traffic(seed: int, lasts: float, share: float, late: float = 0.0, usual: float = 0.001) -> Iterable[Tick]:
    """100 requests a second, 2% of them held back; from `late` on the candidate fails `share`."""
    dice, at = np.random.default_rng(seed), 0.0
    while at < lasts:
        at += 10.0
        own, other = int(dice.poisson(980)), int(dice.poisson(20))
        bad = int(dice.binomial(own, share if at > late else usual))
        yield window(at, counted((own, bad), (other, int(dice.binomial(other, usual)))))


def test_a_healthy_watch_holds_to_its_end() -> None:
    state, found = follow(begin_watch(watch(), ANALYSIS), traffic(1, 3600, 0.001))
    assert (state.at, found.standing) == (3600.0, Standing.HELD)
    assert "errors: " in found.reason


def test_a_fault_is_a_breach_that_says_what_was_seen() -> None:
    state, found = follow(begin_watch(watch(), ANALYSIS), traffic(2, 3600, 0.05, late=600))
    assert found.standing is Standing.BREACH
    assert 600 < state.at < 800
    assert "ratio above 1.1 shown" in found.reason


def test_a_short_watch_finds_what_it_has_time_for() -> None:
    _, found = follow(begin_watch(watch(lasts=120.0), ANALYSIS), traffic(2, 120, 0.1))
    assert found.standing is Standing.BREACH


def test_after_its_end_nothing_changes_it() -> None:
    state, found = follow(begin_watch(watch(), ANALYSIS), traffic(2, 3600, 0.5))
    again, repeated = look(state, state.at + 10, window(state.at + 10, counted((980, 0), (20, 0))))
    assert again is state
    assert (repeated.standing, repeated.reason) == (found.standing, found.reason)


@pytest.mark.parametrize("guardrail", [SLO, KPI])
def test_a_bound_is_judged_without_a_hold_back(guardrail: Any) -> None:
    ticks = (window(at, counted((1000, 500)), guardrail.name, weight=100.0) for at in (10.0, 20.0, 30.0))
    assert follow(begin_watch(watch(guardrail, holdback=None), ANALYSIS), ticks)[1].standing is Standing.BREACH


def test_a_bound_of_the_whole_service_is_judged_by_the_bound_alone() -> None:
    """Both sides read the same then, and what the release itself does is no record of what is usual."""
    state = begin_watch(watch(KPI, holdback=None), ANALYSIS)
    ticks = (window(at, counted((100, 30), (100, 30)), "kpi", weight=100.0) for at in np.arange(10.0, 3600.0, 10.0))
    assert follow(state, ticks)[1].standing is Standing.BREACH


def test_a_drift_below_the_bound_is_no_breach_whatever_was_usual_before() -> None:
    known = Known(past={"bounded": Past(360_000, 36, 60_000, 10)})
    bounded = ErrorRatio(name="bounded", kind="error-ratio", objective=0.01)
    state = begin_watch(watch(bounded, holdback=None), ANALYSIS, known)
    ticks = (window(at, counted((1000, 4)), "bounded", weight=100.0) for at in np.arange(10.0, 3601.0, 10.0))
    assert follow(state, ticks)[1].standing is Standing.HELD


def test_once_nothing_is_held_back_what_only_compares_is_not_judged_which_is_told() -> None:
    state, _ = follow(begin_watch(watch(), ANALYSIS), traffic(4, 600, 0.001))
    state, found = follow(
        state, (window(at, counted((1000, 30)), weight=100.0) for at in np.arange(610.0, 900.0, 10.0))
    )
    assert found.standing is Standing.WATCHING
    state, found = look(state, 910.0, window(910.0, counted((1000, 30)), weight=100.0, length=20.0))
    assert (found.standing, found.told) == (Standing.SILENT, ("errors",))
    state, found = follow(
        state, (window(at, counted((1000, 30)), weight=100.0) for at in np.arange(920.0, 3601.0, 10.0))
    )
    assert found.standing is Standing.UNSEEN


def test_an_alert_that_fires_is_a_breach() -> None:
    calm, firing = (GuardrailCounts(Counts(0, 0), Counts(0, 0), firing=on) for on in (False, True))
    state, found = look(begin_watch(watch(ALERT), ANALYSIS), 10.0, window(10.0, calm, "page"))
    assert found.standing is Standing.WATCHING
    assert look(state, 20.0, window(20.0, firing, "page"))[1].standing is Standing.BREACH


def test_no_data_is_told_once_after_the_grace_and_never_held() -> None:
    state = begin_watch(watch(), ANALYSIS)
    state, found = look(state, 300.0, None)
    assert found.standing is Standing.WATCHING
    state, found = look(state, 301.0, None)
    assert (found.standing, found.told) == (Standing.SILENT, ("errors",))
    state, found = look(state, 310.0, None)
    assert (found.standing, found.told) == (Standing.WATCHING, ())
    assert "no data" in found.reason
    state, found = look(state, 320.0, window(320.0, counted((980, 1), (20, 0)), length=320.0))
    assert (found.standing, found.back) == (Standing.WATCHING, ("errors",))
    state, found = follow(state, (window(at, counted((980, 1), (20, 0))) for at in np.arange(330.0, 3601.0, 10.0)))
    assert found.standing is Standing.UNSEEN


def test_a_hold_back_without_requests_compares_nothing_which_is_told() -> None:
    state = begin_watch(watch(ERRORS, SLO), ANALYSIS)
    for at in np.arange(10.0, 301.0, 10.0):
        state, found = look(state, at, window(at, counted((980, 1)), "errors", "slo"))
    state, found = look(state, 310.0, window(310.0, counted((980, 1)), "errors", "slo"))
    assert (found.standing, found.told) == (Standing.SILENT, ("errors",))
    assert "of the hold-back" in found.reason


def test_a_source_that_fails_is_no_data_and_its_error_is_said() -> None:
    tick = Tick(310.0, 0.0, 0.0, 98.0, {}, {"errors": "connection refused"})
    found = look(begin_watch(watch(), ANALYSIS), 310.0, tick)[1]
    assert found.standing is Standing.SILENT
    assert "connection refused" in found.reason


def test_a_window_that_was_counted_counts_no_second_time() -> None:
    tick = window(10.0, counted((980, 40), (20, 0)))
    once, _ = look(begin_watch(watch(), ANALYSIS), 10.0, tick)
    twice, found = look(once, 12.0, tick)
    assert twice == once
    assert found.decision is None


def test_a_window_that_overlaps_what_was_counted_is_refused() -> None:
    state, _ = look(begin_watch(watch(), ANALYSIS), 10.0, window(10.0, counted((980, 0), (20, 0))))
    with pytest.raises(ValueError, match="overlaps"):
        look(state, 15.0, window(15.0, counted((980, 0), (20, 0))))


def counts_of_ticks() -> st.SearchStrategy[list[tuple[int, int, int, float]]]:
    one = st.tuples(st.integers(0, 60), st.integers(0, 3), st.integers(0, 900), st.sampled_from((10.0, 60.0, 900.0)))
    return st.lists(one, max_size=40)


@settings(max_examples=30, deadline=None)
@given(counts_of_ticks(), st.integers(0, 39))
def test_a_watch_that_is_resumed_decides_as_an_uninterrupted_one(
    counts: list[tuple[int, int, int, float]], killed: int
) -> None:
    plain = resumed = begin_watch(watch(ERRORS, lasts=3 * STRETCH), ANALYSIS)
    at = 0.0
    for number, (bad, other, total, length) in enumerate(counts):
        at += length
        tick = window(at, counted((total + bad, bad), (total // 50 + other, other)), length=length)
        plain, found = look(plain, at, tick)
        if number == killed:
            resumed = WatchState.from_json(json.loads(json.dumps(resumed.to_json())))
        resumed, again = look(resumed, at, tick)
        assert again == found
    assert resumed.to_json() == plain.to_json()


def test_what_is_no_state_of_a_watch_is_refused() -> None:
    data = begin_watch(watch(), ANALYSIS).to_json()
    for wrong in ({**data, "format": 2}, {**data, "ended": "perhaps"}, {k: v for k, v in data.items() if k != "seen"}):
        with pytest.raises(ValueError, match=r"watch|perhaps"):
            WatchState.from_json(wrong)


@given(st.floats(60.0, 7 * 86400.0))
def test_the_stretches_share_the_alpha_of_the_watch(lasts: float) -> None:
    count = stretches(lasts)
    parts = [part_of(stretch, count) for stretch in range(count)]
    assert sum(parts) == pytest.approx(1.0)
    assert parts == sorted(parts, reverse=True)
    assert count * STRETCH >= lasts


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from((60.0, 600.0, 1800.0, 5000.0))), max_size=60))
def test_whatever_is_counted_a_watch_never_spends_more_than_its_alpha(counts: list[tuple[int, float]]) -> None:
    """Each stretch is an e-process of its own at its own alpha, and none comes twice."""
    state, at, spent = begin_watch(watch(lasts=6 * STRETCH), ANALYSIS), 0.0, dict[int, float]()
    for bad, length in counts:
        at += length
        before = state.stretch
        state, _ = look(state, at, window(at, counted((900 + bad, bad), (20, 0)), length=length))
        assert before <= state.stretch < 6
        alpha = state.evidence.settings.analysis.false_abort
        assert spent.setdefault(state.stretch, alpha) == alpha
    assert sum(spent.values()) <= 0.005 * (1 + 1e-12)


def test_each_stretch_begins_anew_with_its_part_of_alpha() -> None:
    state, _ = follow(begin_watch(watch(lasts=2 * STRETCH), ANALYSIS), traffic(3, 2 * STRETCH, 0.001))
    assert state.stretch == 1
    assert state.evidence.settings.analysis.false_abort == pytest.approx(0.005 / 3)


def test_what_was_counted_is_what_the_record_keeps() -> None:
    calm = GuardrailCounts(Counts(0, 0), Counts(0, 0), firing=False)
    state = begin_watch(watch(ERRORS, ALERT), ANALYSIS)
    for at in (10.0, 20.0):
        counts = {"errors": counted((980, 2), (20, 1)), "page": calm}
        state, _ = look(state, at, Tick(at, 0.0, 10.0, 98.0, counts, {}))
    errors, page = counts_of(state)
    assert (errors.bad, errors.total, errors.baseline_bad, errors.baseline_total) == (4, 1960, 2, 40)
    assert errors.evidence is not None
    assert (errors.evidence < 1.0, errors.threshold) == (True, 200.0)
    assert (page.total, page.evidence, page.threshold) == (0, None, None)


def test_a_stretch_does_not_end_while_there_is_evidence_for_a_fault() -> None:
    state = begin_watch(watch(lasts=2 * STRETCH), ANALYSIS)
    state, _ = look(state, 3590.0, window(3590.0, counted((350_000, 350), (7_000, 7)), length=3590.0))
    state, _ = look(state, 3600.0, window(3600.0, counted((980, 180), (20, 0))))
    gathered = state.evidence.states[0].abort.log
    assert gathered > 0
    state, _ = look(state, 3610.0, window(3610.0, counted((980, 180), (20, 0))))
    assert state.stretch == 0
    assert state.evidence.states[0].abort.log > gathered


CLIENTS = ClientFailures(name="clients", kind="client-failures", tolerate=1.1, negligible=0.01)


def test_known_clients_of_a_hold_back_are_no_silence() -> None:
    """Who comes again is not new, so a side may have no new client for hours."""
    state = begin_watch(watch(CLIENTS), ANALYSIS)
    again = GuardrailCounts(Counts(0, 0), Counts(0, 0), alive=True, baseline_alive=True)
    state, found = follow(state, (window(at, again, "clients") for at in range(10, 3601, 10)))
    assert (found.standing, state.gaps) == (Standing.HELD, ())
    state = begin_watch(watch(CLIENTS), ANALYSIS)
    alone = replace(again, baseline_alive=False)
    state, found = follow(state, (window(at, alone, "clients") for at in range(10, 3601, 10)))
    assert found.standing is Standing.UNSEEN
    assert "no data of the hold-back" in found.reason


def test_that_clients_are_counted_by_a_sample_is_said_and_recorded() -> None:
    state = begin_watch(watch(CLIENTS), ANALYSIS)
    state, found = look(state, 10.0, window(10.0, counted((100, 0), (5, 0)), "clients"))
    assert list(sampling(state)) == []
    assert (counts_of(state)[0].sampled, counts_of(state)[0].betting) == (None, None)
    failed = tuple((f"{number * 7919 % 9973:04}", number % 50 != 0) for number in range(5000))
    thinned = GuardrailCounts(Counts(100, 0), Counts(5, 0), first_failures=failed, sampled=0.25)
    state, found = look(state, 20.0, window(20.0, replace(thinned, first_failures=()), "clients"))
    assert "about 0.25 of them are counted" in found.reason
    state, _ = look(state, 30.0, window(30.0, thinned, "clients"))
    assert [line.partition(": ")[0] for line in sampling(state)] == ["clients", "clients"]
    (count,) = counts_of(WatchState.from_json(json.loads(json.dumps(state.to_json()))))
    assert (count.sampled, count.betting) == (0.25, 0.5)
    assert count.sample == "in the end about 0.25 of the clients were counted, about 0.5 of them were evidence"
