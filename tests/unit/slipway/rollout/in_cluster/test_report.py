from __future__ import annotations

import pytest

from slipway.release.errors import (
    ClusterError,
    Conflict,
    LeaseHeld,
    LeaseLost,
    ReleaseRefused,
    RolloutAborted,
    SlipwayError,
)
from slipway.rollout.analysis.types import Verdict
from slipway.rollout.in_cluster.report import LINES_KEPT, RunEnd, RunReport, read_report
from slipway.rollout.status import Progress
from tests.unit.slipway.rollout.examples import decision


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (LeaseHeld("x"), LeaseHeld),
        (LeaseLost("x"), LeaseLost),
        (ReleaseRefused("x"), ReleaseRefused),
        (Conflict("x"), ClusterError),
        (SlipwayError("x"), SlipwayError),
    ],
)
def test_an_error_is_the_same_on_the_other_side(error: SlipwayError, kind: type[SlipwayError]) -> None:
    with pytest.raises(kind) as raised:
        RunEnd.model_validate(RunEnd.of(error).model_dump()).raise_if_failed()
    assert (type(raised.value), str(raised.value)) == (kind, "x")


@pytest.mark.parametrize("quarantined", [True, False])
def test_whether_a_revision_is_refused_is_said_too(quarantined: bool) -> None:
    with pytest.raises(RolloutAborted) as raised:
        RunEnd.of(RolloutAborted("x", quarantined=quarantined)).raise_if_failed()
    assert raised.value.quarantined is quarantined


def test_progress_comes_through_whole() -> None:
    progress = Progress("checkout", 1, 2, 25.0, decision(Verdict.PASS), "holding", 3.0)
    report = read_report(RunReport().with_status(progress.line(), progress).to_document())
    assert report is not None
    assert report.stands == progress
    assert report.with_status("waiting").stands is None


def test_only_the_last_lines_stay_and_keep_their_numbers() -> None:
    report = RunReport()
    for number in range(LINES_KEPT + 5):
        report = report.with_line(str(number))
    assert len(report.lines) == LINES_KEPT
    assert [line.text for line in report.after(LINES_KEPT + 3)] == [str(LINES_KEPT + 3), str(LINES_KEPT + 4)]


@pytest.mark.parametrize("document", [{"lines": "x"}, {"progress": 1}, {"end": {}}])
def test_what_cannot_be_understood_is_no_report(document: dict[str, object]) -> None:
    assert read_report(document) is None
    assert read_report({"surprise": 1}) == RunReport()
