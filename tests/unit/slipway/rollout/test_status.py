"""The lines that people read while a rollout runs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.rollout.analysis.types import Decision, GuardrailResult, Verdict
from slipway.rollout.status import Progress, end_line, lost_line
from tests.unit.slipway.rollout.examples import backend


def finding(name: str, statistic: float, candidate: tuple[int, int], baseline: tuple[int, int]) -> GuardrailResult:
    return GuardrailResult(
        guardrail=name,
        verdict=Verdict.INCONCLUSIVE,
        statistic=statistic,
        threshold=100.0,
        n=candidate[1],
        candidate_bad=candidate[0],
        baseline_total=baseline[1],
        baseline_bad=baseline[0],
        detectable=None,
        reason="not enough yet",
    )


ERRORS = finding("errors", 3.0, (5, 4812), (16, 14290))
SLOW = finding("latency", 0.2, (99, 4800), (290, 14200))


def progress(
    *findings: GuardrailResult,
    service: str = "checkout",
    weight: float = 25.0,
    why: str = "",
    left: float | None = 12.4,
) -> Progress:
    decision = Decision(Verdict.INCONCLUSIVE, 3.14159, 100.0, findings, "not enough yet") if findings else None
    return Progress(service, 2, 4, weight, decision, why, left)


def test_the_line_begins_with_what_matters_since_a_terminal_cuts_its_end() -> None:
    assert progress(ERRORS).line() == (
        "25%: errors 5 of 4,812 (0.1039%) against 16 of 14,290 (0.112%), evidence 3.14 of 100, 12s left; "
        "checkout step 2/4"
    )


def test_the_line_names_every_guardrail_and_what_is_not_claimed() -> None:
    line = Progress("checkout", 1, 1, 5.0, progress(ERRORS, SLOW).decision, "paused", None, "no rate").line()
    assert "errors 5 of 4,812" in line
    assert "latency 99 of 4,800" in line
    assert line.endswith("paused; checkout step 1/1 (no rate)")


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (
            149,
            "checkout step 2/4 25%: errors 5 of 4,812 (0.1039%) against 16 of 14,290 (0.112%), evidence 3.14 of 100, "
            "12s left",
        ),
        (109, "checkout 25% errors 5/4,812 vs 16/14,290 evidence 3.14/100 12s left"),
        (60, "checkout 25% 5/4,812 vs 16/14,290 e 3.14/100 12s"),
        (40, "checkout 25% 5/4.8k:16/14k e3.14/100 12s"),
        (38, "checko 25% 5/4.8k:16/14k e3.14/100 12s"),
    ],
)
def test_the_essentials_fit_into_what_there_is(width: int, shown: str) -> None:
    assert progress(ERRORS).fitted(width) == shown


def test_the_guardrail_nearest_to_a_stop_is_the_one_that_is_shown() -> None:
    assert "errors 5/4,812" in progress(SLOW, ERRORS).fitted(79)
    assert "latency" not in progress(SLOW, ERRORS).fitted(79)


def test_what_is_waited_for_is_said_while_nothing_is_measured() -> None:
    assert progress(why="2 of 4 replicas ready", weight=0.0).fitted(79) == (
        "checkout 0% 12s left, 2 of 4 replicas ready"
    )


def test_a_side_without_requests_is_shown_as_such() -> None:
    assert "0/0 vs 1/90" in progress(finding("errors", 0.0, (0, 0), (1, 90))).fitted(79)


@settings(deadline=None)
@given(
    width=st.integers(36, 200),
    service=st.text("abcdefghij-", min_size=1, max_size=63),
    weight=st.sampled_from([0.5, 1.0, 25.0, 100.0]),
    counts=st.tuples(*[st.integers(0, 5_000_000)] * 4),
    left=st.floats(0, 3599),
    why=st.sampled_from(["", "holding, undecided: the measured share is 20%"]),
)
def test_whatever_the_numbers_are_nothing_is_wider_than_the_room(
    width: int, service: str, weight: float, counts: tuple[int, ...], left: float, why: str
) -> None:
    one = finding("errors", 3.0, (min(counts[:2]), max(counts[:2])), (min(counts[2:]), max(counts[2:])))
    shown = progress(one, service=service, weight=weight, left=left, why=why).fitted(width)
    assert len(shown) <= width
    assert f"{weight:g}%" in shown


@pytest.mark.parametrize(("weight", "where"), [(25.0, "at 25%"), (0.0, "before any traffic")])
def test_a_rollout_without_a_commit_ends_with_version_weight_and_reason(weight: float, where: str) -> None:
    candidate = backend("bbbbbbbb")
    line = end_line("checkout", candidate, weight, "aborted", "errors; all traffic is on 1.0")
    assert line == f"checkout {candidate.label} aborted {where}: errors; all traffic is on 1.0"


def test_a_process_that_lost_the_lease_names_the_command_that_tells_more() -> None:
    line = lost_line("checkout", backend("bbbbbbbb"), 25.0, "another holds it")
    assert "stopped at 25%" in line
    assert line.endswith("another holds it; `slipway status checkout` says where the traffic is")
