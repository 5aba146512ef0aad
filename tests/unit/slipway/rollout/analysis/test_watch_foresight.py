"""What the plan says of a watch, and that its times are those that simulated watches need."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from bench.watches import ALPHA, HOUR, Case, breached
from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import ErrorRatio, Latency, Logs, Slo
from slipway.release.manifest.watch import OnBreach
from slipway.release.watch_inputs import StaysApplied, WatchInputs
from slipway.rollout.analysis.watch_foresight import foresee_watch

EXPECTED = Analysis.model_validate({"expected": {"rate": 100, "badShare": "0.1%"}})
ERRORS = ErrorRatio(name="errors", kind="error-ratio")
SLO = Slo(name="slo", kind="slo", objective=0.005)
LOGS = Logs(name="logs", kind="logs", requests="r:={revision}", errors="level:=error")


def watch(*guardrails: Any, **changes: Any) -> WatchInputs:
    given = {"lasts": HOUR, "false_abort": ALPHA, "no_data_grace": 300.0, "on_breach": OnBreach(), "holdback": 0.02}
    return WatchInputs(guardrails=guardrails or (ERRORS,), **{**given, **changes})


def seconds_to_find_five_percent(line: str) -> float:
    found = re.search(r"5% in (\d+)s", line)
    assert found, line
    return float(found[1])


def test_the_plan_says_what_the_watch_does() -> None:
    (line,) = foresee_watch(watch(on_breach=OnBreach(kill=("new-cart",))), Analysis(), "1.9")
    assert line == (
        "watch for 1h after the commit, 2% of the traffic stays on 1.9; a breach puts the traffic back to 1.9 and "
        "kills new-cart"
    )


def test_without_a_standby_it_only_escalates_and_what_cannot_be_judged_is_named() -> None:
    first, second = foresee_watch(watch(ERRORS, LOGS, SLO), Analysis(), None)
    assert "only escalates (no version is kept warm" in first
    assert second == "warning: no version is kept warm, and nothing is held back, so errors, logs cannot be judged"


def test_a_migration_that_stays_is_why_it_only_escalates() -> None:
    stays = (StaysApplied(migration="0042", compensation="restore"),)
    assert "0042 stays applied (compensation: restore)" in foresee_watch(watch(stays=stays), Analysis(), "1.9")[0]


def test_faults_are_foreseen_with_and_without_the_hold_back() -> None:
    _, errors, slo = foresee_watch(watch(ERRORS, SLO), EXPECTED, "1.9")
    assert re.fullmatch(r"watch, errors: a fault of 5% in .* failed\); without the hold-back none is found", errors)
    assert re.fullmatch(r"watch, slo: a fault of 5% in \ds .*, 1% in .* failed\)", slo)
    bounded = foresee_watch(watch(ErrorRatio(name="errors", kind="error-ratio", objective=0.005)), EXPECTED, "1.9")[1]
    assert re.search(r"without the hold-back 5% in \ds", bounded)


def test_what_a_short_watch_does_not_find_is_said() -> None:
    (_, errors) = foresee_watch(watch(lasts=300.0), EXPECTED, "1.9")
    assert "1% not within 5m" in errors
    (_, errors) = foresee_watch(watch(lasts=60.0), EXPECTED, "1.9")
    assert errors == "watch, errors: no fault is found"


def test_what_analysis_expected_says_nothing_of_is_not_foreseen() -> None:
    latency = Latency(name="latency", kind="latency", threshold=0.3)
    assert len(foresee_watch(watch(latency, LOGS), EXPECTED, "1.9")) == 1


def test_a_hold_back_without_requests_is_warned_of() -> None:
    quiet = Analysis.model_validate({"expected": {"rate": 1, "badShare": "0.1%"}})
    assert "a request every 50s" in foresee_watch(watch(), quiet, "1.9")[-1]
    assert "warning" not in " ".join(foresee_watch(watch(), EXPECTED, "1.9"))


@pytest.mark.parametrize(("guardrail", "holdback"), [(ERRORS, 0.02), (SLO, None)])
def test_the_times_are_those_that_simulated_watches_need(guardrail: Any, holdback: float | None) -> None:
    line = foresee_watch(watch(guardrail, holdback=holdback), EXPECTED, "1.9")[1]
    needed = breached(Case("", HOUR, 0.05, holdback=holdback), 200)
    assert 0.7 < seconds_to_find_five_percent(line) / np.mean(needed) < 1.4
