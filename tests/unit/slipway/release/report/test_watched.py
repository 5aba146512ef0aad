"""The watch of a release in its report, from the records of the watch."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.records.chain import Line, lines_of, sealed
from slipway.release.records.dora import DAY, dora
from slipway.release.records.kinds import WatchCount, WatchEvent, WatchRecord
from slipway.release.records.release_record import Recorded
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rows import rows_of
from slipway.release.report.build import report_of
from slipway.release.report.document import document_of
from slipway.release.report.html import as_html
from slipway.release.report.markdown import as_markdown
from slipway.release.report.model import Report
from slipway.release.report.watched import watched
from tests.unit.slipway.release.records.ten import ten_releases

DIGEST = f"sha256:{'a' * 64}"
SUBJECT = {"revision": "a" * 20, "version": "1.0", "image": f"x@{DIGEST}", "manifest": "1.yaml"}
COUNT = WatchCount(name="errors", bad=40, total=9800, baseline_total=200, evidence=151.0, threshold=150.0)
BREACH: dict[str, Any] = {
    "phase": "breach", "reason": "errors: ratio above 1.1 shown", "moved": True, "safe_after": 4.2,
    "killed": ("new-cart",), "escalation": "w1", "counts": (COUNT,),
}  # fmt: skip


def record(at: float, rollout: str = "r1", **event: Any) -> WatchRecord:
    given = {"rollout": rollout, "opened": 100.0, "lasts": 3600.0, "holdback": 0.02, "standby": "0.9", **event}
    where = {"at": at, "by": "watch@pod", "stack": "shop/prod", "target": "shop", "service": "checkout"}
    return WatchRecord(**where, subject=SUBJECT, digest=DIGEST, event=WatchEvent(**given))


def chain(*records: WatchRecord) -> list[Line]:
    texts: list[str] = []
    for one in records:
        texts.append(sealed(one.to_content(), lines_of(texts)[-1] if texts else None))
    return lines_of(texts)


@pytest.fixture(scope="module")
def completed() -> Recorded:
    with pytest.MonkeyPatch.context() as monkeypatch:
        it, did = ten_releases(monkeypatch)
    return next(one for one, what in zip(it.found, did, strict=True) if what.outcome == "committed")


def report(one: Recorded, *records: WatchRecord) -> Report:
    return report_of(one, [one], chain(*records))


def test_a_release_without_a_watch_has_no_part_of_it(completed: Recorded) -> None:
    assert report(completed).strategy.watch is None
    assert watched(chain(record(100.0, phase="opened")), "another") is None
    assert "Watch" not in as_markdown(document_of(report(completed)))


def test_an_open_watch_says_what_it_does_and_until_when(completed: Recorded) -> None:
    rollout = completed.event.rollout
    found = report(completed, record(100.0, rollout, phase="opened")).strategy.watch
    assert found is not None
    assert found.planned == "for 1h after the commit, 2% of the traffic stays on 0.9; a breach moves the traffic"
    assert (found.status, found.ended) == ("open", None)


def test_a_breach_is_told_with_what_was_done(completed: Recorded) -> None:
    rollout = completed.event.rollout
    told = report(completed, record(100.0, rollout, phase="opened"), record(220.0, rollout, **BREACH))
    assert told.rollback.status == "breached 2m after the commit; all traffic went to 0.9 (by its watch)"
    assert told.explanation[-1] == (
        "After the commit it was watched: breached 2m after the commit; all traffic went to 0.9. breach: errors: ratio "
        "above 1.1 shown; all traffic to 0.9 within 4.2s; killed new-cart; told as w1."
    )
    for text in (as_markdown(document_of(told)), as_html(document_of(told))):
        assert "40 of 9,800 events (0.4082%)" in text
        assert "151, limit 150" in text


def test_a_release_that_its_watch_took_the_traffic_from_does_not_claim_to_serve(completed: Recorded) -> None:
    before = ReleasedVersion(revision="b" * 20, version="0.9", image=f"x@{DIGEST}", manifest="0.yaml")
    event = completed.event.model_copy(update={"leaves": before})
    one = completed.model_copy(update={"record": completed.record.model_copy(update={"event": event})})
    told = report(one, record(220.0, one.event.rollout, **BREACH))
    assert told.headline.endswith("; 2m later its watch moved all the traffic to 0.9")
    assert "serves" not in told.headline
    assert (told.ending, told.rollback.is_undone) == ("committed", True)
    assert told.rollback.serves == f"0.9 ({'b' * 20})"
    assert told.rollback.way_back == "not needed: it does not serve"
    page = as_html(document_of(told))
    assert '<span class="ending">committed, rolled back</span>' in page
    assert '<body class="committed-rolled-back">' in page, "it has not the colour of a success"
    moved_nothing = report(one, record(220.0, one.event.rollout, **{**BREACH, "moved": False}))
    assert "serves all the traffic" in moved_nothing.headline


def test_a_breach_that_moved_nothing_says_why(completed: Recorded) -> None:
    why = {**BREACH, "moved": False, "only_escalates": "no version is kept warm", "escalation": None}
    found = report(completed, record(220.0, completed.event.rollout, **why)).strategy.watch
    assert found is not None
    assert found.status == "breached 2m after the commit; no traffic moved: no version is kept warm"
    assert found.moments[-1].what.endswith(
        "no traffic moved (no version is kept warm); killed new-cart; no escalation was sent"
    )


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        ("held", "held to its end, without a breach (1h)"),
        ("unseen", "ended without a breach, but was without data at times: nothing is claimed (1h)"),
        ("superseded", "ended early, as another release took the traffic (1h)"),
    ],
)
def test_how_a_watch_ended_is_told_as_it_was(completed: Recorded, phase: str, status: str) -> None:
    rollout = completed.event.rollout
    told = report(completed, record(100.0, rollout, phase="opened"), record(3700.0, rollout, phase=phase))
    assert told.strategy.watch is not None
    assert (told.strategy.watch.status, told.strategy.watch.ended) == (status, 3700.0)
    assert "watch" not in told.rollback.status


def test_what_is_left_to_do_after_a_breach_or_without_data_is_an_action_item(completed: Recorded) -> None:
    rollout = completed.event.rollout
    (breach,) = [item for item in report(completed, record(220.0, rollout, **BREACH)).actions if "breach" in item.id]
    assert (breach.priority, breach.what.startswith("Find the cause of the breach of ")) == ("high", True)
    unseen = report(completed, record(3700.0, rollout, phase="unseen", reason="errors: no data")).actions
    assert [item.priority for item in unseen if item.id.endswith("/unseen")] == ["medium"]
    held = report(completed, record(3700.0, rollout, phase="held")).actions
    assert not [item for item in held if item.id.endswith(("/breach", "/unseen"))]


def test_missing_data_is_a_moment_of_the_watch(completed: Recorded) -> None:
    rollout = completed.event.rollout
    silent = record(500.0, rollout, phase="silent", reason="errors: no data for 5m")
    found = report(completed, record(100.0, rollout, phase="opened"), silent).strategy.watch
    assert found is not None
    assert [one.what for one in found.moments] == ["opened by the commit", "no data: errors: no data for 5m"]
    assert found.status == "open"


def test_the_history_has_one_row_for_each_watch() -> None:
    lines = chain(record(100.0, phase="opened"), record(220.0, **BREACH), record(400.0, "r2", phase="opened"))
    rows = rows_of([], [], lines)
    assert sorted((row.outcome, row.strategy, row.seconds) for row in rows) == [
        ("watch breach", "hold-back 2%", 120.0), ("watch opened", "hold-back 2%", None),
    ]  # fmt: skip


def test_a_release_that_its_watch_took_back_has_failed_and_was_undone_unplanned(completed: Recorded) -> None:
    rollout, at = completed.event.rollout, completed.event.ended
    breach = record(at + 60.0, rollout, **BREACH)
    first = next(step.began for step in completed.event.steps if step.weight > 0)
    found = dora([completed], 0.0, at + DAY, chain(breach))
    assert (found.fail_rate.cases, found.fail_rate.of) == (1, 1)
    assert found.recovery_time.value == pytest.approx(at + 60.0 - first, abs=0.001)
    assert (found.rework_rate.cases, found.rework_rate.of) == (1, 2)


@pytest.mark.parametrize("event", [{**BREACH, "moved": False}, {"phase": "held"}], ids=["escalated", "held"])
def test_a_watch_that_moved_nothing_makes_no_failure(completed: Recorded, event: dict[str, Any]) -> None:
    at = completed.event.ended
    found = dora([completed], 0.0, at + DAY, chain(record(at + 60.0, completed.event.rollout, **event)))
    assert found.fail_rate.cases == 0
    assert found.rework_rate.of == 1
