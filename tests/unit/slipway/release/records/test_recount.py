"""History, DORA's measures and reports equal a recount that knows nothing of them: it walks the lines of the chain as
plain JSON, once and in their order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.records.chain import Line, lines_of, sealed
from slipway.release.records.dora import Dora, dora
from slipway.release.records.release_record import read_records
from slipway.release.records.rows import rows_of
from slipway.release.report.build import DORA_DAYS, report_of
from tests.manifests import release
from tests.unit.slipway.release.records.ten import BEGAN, DAY, HOTFIX, REHEARSED, ten_releases

HOUR = 3600.0
Raw = Mapping[str, Any]


# -- the recount -------------------------------------------------------------------------------------------


@dataclass
class Recount:
    """What was counted, drills apart. `serving` is the deployment that was left with all the traffic, None after a
    rollback; `now` is the revision that has it, which a drill changes too."""

    done: int = 0
    back: int = 0
    rollouts: int = 0
    reached: int = 0
    unplanned: int = 0
    changes: int = 0
    leads: list[float] = field(default_factory=list)
    failures: list[float] = field(default_factory=list)
    """Of each release that failed, the seconds until another version had all the traffic."""
    serving: Raw | None = None
    now: str = ""

    def see(self, event: Raw, revision: str, inside: bool) -> None:
        """One rollout; one outside of the window only moves the traffic, and so does a drill."""
        was, moved = self.now, event["ending"] in ("committed", "rolled-back")
        self.now = revision if moved else was
        if "drill" in event:
            return
        ending, traffic = event["ending"], [step for step in event.get("steps", ()) if step["weight"] > 0]
        if inside:
            self.rollouts += 1
            self._count(event, ending, traffic)
        if ending == "rolled-back":
            left, self.serving = self.serving, None
            if left is not None and left["inside"] and left["revision"] == was:
                self.failures.append(event["ended"] - left["first"])
        elif ending == "committed":
            first = traffic[0]["began"] if traffic else event["began"]
            self.serving = {"inside": inside, "first": first, "revision": revision}

    def _count(self, event: Raw, ending: str, traffic: Sequence[Raw]) -> None:
        declared = event["declared"]
        if ending == "committed":
            self.done += 1
            self.reached += 1
            hotfix = "hotfix" in declared or any(each["kind"] == "hotfix" for each in declared["scope"]["changes"])
            self.unplanned += hotfix
            for change in declared["scope"]["changes"]:
                self.changes += 1
                if "committedAt" in change:
                    self.leads.append(event["ended"] - datetime.fromisoformat(change["committedAt"]).timestamp())
        elif ending == "rolled-back":
            self.back += 1
            self.unplanned += 1
        elif ending == "aborted" and traffic:
            self.reached += 1
            self.failures.append(event["ended"] - traffic[0]["began"])


def recounted(contents: Sequence[Raw], since: float, until: float) -> tuple[Recount, dict[str, Any]]:
    """The counts, and what the five measures have to be: value, cases and of how many."""
    rollouts = [content for content in contents if content["event"]["kind"] == "rollout"]
    since = max(since, rollouts[0]["event"]["began"]) if rollouts else since
    it = Recount()
    for one in rollouts:
        it.see(one["event"], one["subject"]["revision"], since <= one["event"]["ended"] <= until)
    days = max((until - since) / DAY, 1.0)
    taken = it.done + it.back
    return it, {
        "change lead time": (median(it.leads) if it.leads else None, len(it.leads), it.changes),
        "deployment frequency": (it.done / days if it.rollouts else None, it.done, it.rollouts),
        "failed deployment recovery time": (
            median(it.failures) if it.failures else None,
            len(it.failures),
            len(it.failures),
        ),
        "change fail rate": (
            len(it.failures) / it.reached if it.reached else None,
            len(it.failures),
            it.reached,
        ),
        "deployment rework rate": (it.unplanned / taken if taken else None, it.unplanned, taken),
    }


def same(found: Dora, expected: Mapping[str, Any]) -> None:
    """Measures are rounded to four places."""
    told = {one.name: (one.value, one.cases, one.of) for one in found.measures}
    assert told == {
        name: (None if value is None else pytest.approx(value, abs=0.0001), cases, of)
        for name, (value, cases, of) in expected.items()
    }


# -- generated chains --------------------------------------------------------------------------------------


@cache
def declared(lead: bool, hotfix: bool, changes: int) -> str:
    """The manifest of a release, as a record keeps it."""
    listed = [{"id": f"PAY-{number}", "kind": "feature"} for number in range(changes)]
    if lead:
        listed[0]["committedAt"] = "2025-11-17T08:00:00+00:00"
    more: dict[str, Any] = {"hotfix": HOTFIX} if hotfix else {}
    return release(scope__changes=listed, **more).model_dump_json(by_alias=True, exclude_none=True)


@st.composite
def contents(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The records of a service, one after the other: rollouts of every ending, and drills and refusals between."""
    at = BEGAN
    found: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 12))):
        at += draw(st.sampled_from([60.0, HOUR, 5 * HOUR, DAY, 9 * DAY]))
        kind = draw(st.sampled_from(["rollout"] * 5 + ["drill", "gates"]))
        maker = {"rollout": _rollout, "drill": _drill, "gates": _refusal}[kind]
        event = maker(draw, number, at)
        at = event.get("ended", at)
        subject = {
            "revision": f"{draw(st.integers(0, 3)):020x}",
            "version": f"1.{number}",
            "image": "x@sha256:1",
            "manifest": "m.yaml",
        }
        base = {
            "format": 1,
            "at": at,
            "by": "ada@laptop",
            "stack": "shop/prod",
            "target": "shop",
            "service": "checkout",
        }
        found.append({**base, "subject": subject, "digest": "sha256:1", "event": event})
    return found


def _rollout(draw: st.DrawFn, number: int, at: float) -> dict[str, Any]:
    ending = draw(st.sampled_from(["committed", "committed", "rolled-back", "aborted", "interrupted", "refused"]))
    weights = [] if ending == "refused" else draw(st.sampled_from([[], [0.0], [0.0, 5.0], [5.0, 50.0], [100.0]]))
    if ending in ("committed", "rolled-back"):
        weights = [*weights, 100.0]
    steps = [
        {"weight": weight, "began": at + 10 * place, "ended": at + 10 * (place + 1)}
        for place, weight in enumerate(weights)
    ]
    manifest = declared(draw(st.booleans()), draw(st.booleans()), draw(st.integers(1, 2)))
    drill = draw(st.sampled_from([{}, {}, {"drill": "rollback"}, {"drill": "deploy"}]))
    return {
        **drill,
        "kind": "rollout", "rollout": f"r{number}", "ending": ending, "strategy": "canary", "began": at,
        "ended": at + 10 * len(weights) + 1.0, "steps": steps, "declared": json.loads(manifest), "reason": "as it was",
    }  # fmt: skip


def _drill(draw: st.DrawFn, number: int, at: float) -> dict[str, Any]:
    outcome = draw(st.sampled_from(["completed", "failed"]))
    return {
        "kind": "drill", "procedure": "rollback", "outcome": outcome, "seconds": 30.0, "receipt": "drill.json",
        "sha256": f"{number:064x}",
    }  # fmt: skip


def _refusal(_draw: st.DrawFn, number: int, _at: float) -> dict[str, Any]:
    finding = {"gate": "approvals", "code": "missing", "field": "approvals", "found": "nobody"}
    return {"kind": "gates", "manifestSha256": f"{number:064x}", "configuration": "c.json", "findings": [finding]}


def chained(records: Sequence[Raw]) -> list[Line]:
    texts: list[str] = []
    for content in records:
        texts.append(sealed(content, lines_of(texts)[-1] if texts else None))
    return lines_of(texts)


@settings(max_examples=60)
@given(contents(), st.floats(0, 40).map(lambda days: BEGAN + days * DAY), st.floats(0, 40))
def test_the_five_measures_of_any_chain_and_window(records: list[dict[str, Any]], since: float, days: float) -> None:
    lines, until = chained(records), since + days * DAY
    it, expected = recounted([line.content for line in lines], since, until)
    found = dora(read_records(lines), since, until)
    same(found, expected)
    assert (found.fail_rate.value is None) == (it.reached == 0)


@settings(max_examples=40)
@given(contents())
def test_the_history_of_any_chain(records: list[dict[str, Any]]) -> None:
    lines = chained(records)
    told = [(row.number, row.version, row.outcome, row.seconds) for row in rows_of(read_records(lines), (), lines)]
    expected = [(number, content["subject"]["version"], *_row(content)) for number, content in enumerate(records)]
    assert sorted(told) == sorted(expected, key=lambda row: row[0])


def _row(content: Raw) -> tuple[str, float | None]:
    event = content["event"]
    if event["kind"] == "drill":
        return f"drill {event['outcome']}", event["seconds"]
    if event["kind"] == "gates":
        return "gates refused", None
    return event["ending"] + (" (drill)" if "drill" in event else ""), event["ended"] - event["began"]


# -- ten releases that the real controller carried out -----------------------------------------------------


@pytest.fixture(scope="module")
def ten() -> list[Line]:
    """As they were recorded: five completed, two aborted, one rolled back, one refused, one interrupted."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        it, _ = ten_releases(monkeypatch)
    return lines_of(it.records.read())


def test_the_measures_of_the_ten(ten: list[Line]) -> None:
    until = BEGAN + 10 * DAY
    it, expected = recounted([line.content for line in ten], 0.0, until)
    assert (it.done, it.back, it.rollouts, it.reached, len(it.failures)) == (5, 1, 10, 7, 3)
    same(dora(read_records(ten), 0.0, until), expected)


def test_drills_between_the_ten_change_no_measure(monkeypatch: pytest.MonkeyPatch, ten: list[Line]) -> None:
    it, did = ten_releases(monkeypatch, REHEARSED)
    lines, until = lines_of(it.records.read()), BEGAN + 10 * DAY
    drilled = [one for one in read_records(lines) if one.event.drill is not None]
    assert [one.event.ending for one in drilled] == [one.outcome for one in did if one.drill is not None]
    _, expected = recounted([line.content for line in lines], 0.0, until)
    same(dora(read_records(lines), 0.0, until), expected)
    same(dora(read_records(lines), 0.0, until), {
        one.name: (one.value, one.cases, one.of) for one in dora(read_records(ten), 0.0, until).measures
    })  # fmt: skip


def test_the_history_of_the_ten(ten: list[Line]) -> None:
    rows = rows_of(read_records(ten), (), ten)
    raw = [line.content for line in reversed(ten)]
    assert [(row.number, row.version, row.outcome, row.by, row.began, row.reason) for row in rows] == [
        (one["seq"], one["subject"]["version"], one["event"]["ending"], one["by"], one["event"]["began"],
         one["event"].get("reason", ""))
        for one in raw
    ]  # fmt: skip


def test_the_reports_of_the_ten(ten: list[Line]) -> None:
    records = read_records(ten)
    for number, one in enumerate(records):
        report, raw = report_of(one, records, ten), ten[number].content
        event = raw["event"]
        assert (report.version, report.ending, report.seq, report.hash) == (
            raw["subject"]["version"],
            event["ending"],
            raw["seq"],
            raw["hash"],
        )
        assert [(step.weight, step.requests, step.bad, step.verdict) for step in report.strategy.steps] == [
            (step["weight"], step.get("requests", 0), step.get("errors", 0), step.get("verdict", "INCONCLUSIVE"))
            for step in event.get("steps", ())
        ]
        _, expected = recounted([line.content for line in ten], event["ended"] - DORA_DAYS * DAY, event["ended"])
        same(report.dora, expected)
