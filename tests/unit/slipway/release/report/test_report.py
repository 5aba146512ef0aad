"""The report of a release says what its record says, in six parts, in Markdown, JSON and HTML alike."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from slipway.release.manifest.plan import Mirrored
from slipway.release.records.release_record import Recorded, Series
from slipway.release.report.build import report_of
from slipway.release.report.document import Curve, Document, Plot, Table, document_of
from slipway.release.report.html import as_html
from slipway.release.report.markdown import as_markdown
from slipway.release.report.model import Report
from slipway.release.report.svg import as_svg
from slipway.rollout.recording import ReleaseFacts
from tests.manifests import release
from tests.unit.slipway.release.records.ten import Did, ten_releases
from tests.unit.slipway.rollout.recording import GATES, Recording

PARTS = [
    "1. Scope and risk level",
    "2. Gate results",
    "3. Strategy and timeline",
    "4. Observability and health",
    "5. Rollback status",
    "6. Follow-up action items",
]
HOSTILE = "<script>alert(1)</script> | `x` \x1b[31m"


class Ten:
    """Ten releases, what the test did, and their reports."""

    def __init__(self, it: Recording, did: list[Did]) -> None:
        self.it, self.did, self.found = it, did, it.found
        self.reports = [report_of(one, self.found) for one in self.found]

    def report(self, version: str, outcome: str) -> Report:
        return next(
            report
            for report, one in zip(self.reports, self.did, strict=True)
            if (one.version, one.outcome) == (version, outcome)
        )


@pytest.fixture
def ten(monkeypatch: pytest.MonkeyPatch) -> Ten:
    return Ten(*ten_releases(monkeypatch))


class Tags(HTMLParser):
    """Tags that are open, and every attribute that names a place."""

    VOID = frozenset({"meta", "line", "circle", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.places: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.places += [name for name, _ in attrs if name in ("src", "href", "xlink:href", "action", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def html_of(report: Report) -> Tags:
    tags = Tags()
    tags.feed(as_html(document_of(report)))
    assert tags.open == []
    return tags


def test_every_report_has_the_six_parts_in_their_order_in_every_rendering(ten: Ten) -> None:
    for report in ten.reports:
        document = document_of(report)
        assert [section.title for section in document.sections] == PARTS
        assert re.findall(r"^## (.*)$", as_markdown(document), re.MULTILINE) == PARTS
        assert re.findall(r"<h2>(.*?)</h2>", as_html(document)) == PARTS
        assert {"scope", "gates", "strategy", "health", "rollback", "actions"} <= set(report.model_dump())


def test_what_is_reported_equals_what_was_done(ten: Ten) -> None:
    for report, one, recorded in zip(ten.reports, ten.did, ten.found, strict=True):
        assert (report.version, report.ending) == (f"v-{one.version}000000", one.outcome)
        assert one.began <= report.strategy.began <= report.strategy.ended <= one.ended
        assert (report.seq, report.hash) == (recorded.anchor.seq, recorded.anchor.hash)


def test_the_counts_equal_those_of_the_journals_ticks(ten: Ten) -> None:
    journal = ten.it.world.journal
    compared = 0
    for report, one in zip(ten.reports, ten.found, strict=True):
        ticks = journal.records(one.event.rollout)
        if not ticks:
            continue  # only the last rollouts keep their ticks
        (line,) = report.health.guardrails
        for name, side, what in (
            ("bad", "candidate", "bad"), ("total", "candidate", "total"),
            ("baseline_bad", "baseline", "bad"), ("baseline_total", "baseline", "total"),
        ):  # fmt: skip
            assert getattr(line, name) == sum(tick["counts"]["errors"][side][what] for tick in ticks)
        compared += 1
    assert compared >= 3


def test_an_abort_is_explained_to_somebody_who_was_not_there(ten: Ten) -> None:
    report = ten.report("c3", "aborted")
    told = "\n".join(report.explanation)
    assert report.headline.startswith("checkout v-c3000000 was aborted at 25% of the traffic, ")
    assert "ada@laptop began to release v-c3000000 at 2025-11-" in told
    assert "after it got 25% of the traffic the rollout stopped itself" in told
    assert re.search(r"Why: errors: [\d,]+ of [\d,]+ bad \([\d.]+%\)", told), told
    assert re.search(r"evidence of guardrail errors against the release reached [\d.e+]+, and 100 stops", told), told
    assert "at most 1%" in told
    assert re.search(r"Who was hit: [\d,]+ requests failed at the new version", told)
    assert "v-b2000000 (b2000000) serves all the traffic" in told
    assert "Revision c3000000 is quarantined" in told


def test_an_abort_leaves_the_search_for_its_cause_with_owner_and_date(ten: Ten) -> None:
    first = ten.report("c3", "aborted").actions[0]
    assert (first.priority, first.due) == ("high", "2025-11-22")
    assert first.owner == "payments, https://oncall.example"
    assert first.what.startswith("Find the cause of the abort of v-c3000000; release a fix")
    assert first.id.endswith("/cause")


def test_a_release_that_was_rolled_back_later_says_so_and_asks_for_a_review(ten: Ten) -> None:
    report = ten.report("d5", "committed")
    assert report.rollback.status.startswith("rolled back to v-c4000000 ")
    assert "v-d5000000 completed in " in report.headline
    assert report.headline.endswith(" later it was rolled back to v-c4000000")
    assert (report.rollback.serves, report.rollback.is_undone) == ("v-c4000000 (c4000000)", True)
    assert any(item.id.endswith("/escaped") for item in report.actions)
    back = ten.report("c4", "rolled-back")
    assert back.rollback.status.startswith("this was the rollback, in ")
    assert any("why v-d5000000 had to be left" in item.what for item in back.actions)


def test_a_hotfix_is_followed_up_on_the_day_that_its_manifest_says(ten: Ten) -> None:
    item = next(item for item in ten.report("c4", "committed").actions if item.id.endswith("/hotfix"))
    assert (item.due, item.priority) == ("2025-12-24", "high")


def test_what_is_unknown_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    it, _ = ten_releases(monkeypatch)
    found = it.found
    event = found[0].event.model_copy(update={"declared": None, "gates": None, "series": Series()})
    bare = Recorded(anchor=found[0].anchor, record=found[0].record.model_copy(update={"event": event}))
    report = report_of(bare, [bare])
    text = as_markdown(document_of(report))
    assert report.scope.risk.startswith("unknown")
    assert report.gates.outcome.startswith("unknown")
    assert "Nothing was measured" in text
    assert "change lead time**: unknown" in text


def test_the_html_is_one_file_without_scripts_and_without_a_place_to_load_from(ten: Ten) -> None:
    for report in ten.reports:
        tags = html_of(report)
        assert not tags.seen & {"script", "iframe", "img", "link", "object", "embed"}
        assert tags.places == []
        assert "url(" not in as_html(document_of(report))
    assert "svg" in html_of(ten.report("c3", "aborted")).seen


def test_what_a_manifest_says_stays_text(ten: Ten) -> None:
    ten.it.facts_of["c3000000"] = ReleaseFacts(release=release(scope__summary=HOSTILE), gates=GATES)
    one = next(one for one in ten.found if one.event.ending == "aborted")
    assert one.event.declared is not None
    declared = {**one.event.declared, "scope": {**one.event.declared["scope"], "summary": HOSTILE}}
    event = one.event.model_copy(update={"declared": declared, "reason": HOSTILE})
    hostile = Recorded(anchor=one.anchor, record=one.record.model_copy(update={"event": event}))
    report = report_of(hostile, ten.found)
    assert "script" not in html_of(report).seen
    text = as_markdown(document_of(report))
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "\x1b" not in text + as_html(document_of(report))


def test_the_json_reads_back_as_the_same_report(ten: Ten) -> None:
    for report in ten.reports:
        written = json.loads(json.dumps(report.model_dump(mode="json", by_alias=True)))
        assert Report.model_validate(written) == report


def plot(values: tuple[float | None, ...], **more: object) -> Plot:
    at = tuple(float(number + 1) for number in range(len(values)))
    content = {"title": "t", "unit": "share", "at": at, "curves": (Curve("new", "candidate", values),), **more}
    return Plot(**content)  # type: ignore[arg-type]


def test_where_nothing_is_known_there_is_no_line() -> None:
    drawn = as_svg(plot((0.1, 0.2, None, 0.3, 0.4)))
    (path,) = re.findall(r'<path class="candidate" d="([^"]*)"', drawn)
    assert path.count("M") == 2
    assert path.count("L") == 2


def test_a_single_value_is_a_dot_and_none_at_all_is_said() -> None:
    assert "<circle" in as_svg(plot((None, 0.5, None)))
    assert "nothing measured" in as_svg(plot((None, None)))


@pytest.mark.parametrize("values", [(0.0, 0.0), (1e-12, 5.0), (3e9, 1e300), (0.0, 100.0)])
@pytest.mark.parametrize("log", [False, True])
def test_every_value_stays_inside_the_picture(values: tuple[float, ...], log: bool) -> None:
    drawn = as_svg(plot(values, log=log, unit="number"))
    for path in re.findall(r'd="([^"]*)"', drawn):
        for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path):
            assert 0 <= float(x) <= 640
            assert 0 <= float(y) <= 210


def test_a_document_says_its_values_in_words_too(ten: Ten) -> None:
    document: Document = document_of(ten.report("c3", "aborted"))
    labels = re.findall(r'aria-label="([^"]*)"', as_html(document))
    assert any(label.startswith("errors: bad share, over ") and "new version from" in label for label in labels)


def test_a_mirror_step_is_no_step_of_the_traffic_and_is_named_by_what_was_copied(ten: Ten) -> None:
    recorded = next(one for one in ten.found if one.event.ending == "committed" and len(one.event.steps) > 1)
    copies = Mirrored(100.0, ("GET", "HEAD"))
    first = recorded.event.steps[0].model_copy(update={"weight": 0.0, "mirror": copies, "counted": "copies"})
    steps = (first, *recorded.event.steps)
    event = recorded.event.model_copy(update={"steps": steps})
    copied = recorded.model_copy(update={"record": recorded.record.model_copy(update={"event": event})})
    report = report_of(copied, ten.found)
    assert f"took over the traffic in {len(steps) - 1} step" in report.explanation[0]
    table = next(block for block in document_of(report).sections[2].blocks if isinstance(block, Table))
    assert [row[1] for row in table.rows] == ["mirror 100%", *(f"{step.weight:.4g}%" for step in recorded.event.steps)]
