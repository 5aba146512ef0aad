"""`slipway status --follow`: what the screen holds at any width, and what a pipe gets."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from rich.console import Console

from slipway.cli import follow, follow_view
from slipway.cli.main import cli
from slipway.dashboard.hub import Hub
from slipway.dashboard.news import Change, changes
from slipway.release.records.journal import Outcome
from slipway.rollout.overview import Seen, TargetView
from tests.unit.slipway.cli.examples import NOW, attempt, head
from tests.unit.slipway.dashboard.examples import LATEST, PLANNED, STEPS, ended, in_flight, settled, view, watched
from tests.unit.slipway.dashboard.test_server import Scripted

WIDTHS = [80, 110, 150]


def drawn(view: TargetView, width: int = 110) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, legacy_windows=False)
    console.print(follow_view.screen(view, NOW, width))
    assert max(map(len, out.getvalue().splitlines())) <= width
    return out.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
def test_weights_both_sides_evidence_time_left_and_the_verdict_are_there_at_any_width(width: int) -> None:
    text = drawn(view(in_flight()), width)
    for part in (
        "version-a → version-b", "INCONCLUSIVE", "25%", "step 2 of 3", "4 of 200 (2%)", "1 of 600 (0.1667%)",
        "█████░░░░░ 10 of 100", "at least 50s in this step, 2m20s in all left", "held by runner-1, renewed now",
        "5% ✓ 30s", "100% ≥1m30s",
    ):  # fmt: skip
        assert part in " ".join(text.split()), (part, text)


def test_the_course_of_the_bad_share_is_drawn_where_there_is_room() -> None:
    assert "bad share over time" not in drawn(view(in_flight()), 80)
    assert "▁█" in drawn(view(in_flight()), 150)


def test_markup_and_escape_sequences_are_text() -> None:
    evil = "[red]x[/red] \x1b[31m [/nothing]"
    noted = head(attempt=attempt(steps=STEPS, planned=PLANNED, notes=(evil,)))
    text = drawn(view(in_flight(head=noted, latest={**LATEST, "reason": evil}), name="[bold]n"))
    assert "\x1b" not in text
    assert text.count("[red]x[/red]") == 2
    assert "[bold]n" in text


def test_what_does_not_answer_is_said_with_the_age_of_what_is_shown() -> None:
    text = drawn(replace(view(settled()), services=Seen(("checkout",), NOW - 90, "connection refused")), 150)
    assert "does not answer: connection refused; shown is what was read 1m30s ago" in text
    assert "version-a (aaaaaaaa)" in text


def test_an_abort_stays_with_its_reason() -> None:
    text = drawn(view(settled(head=ended(Outcome.ABORTED, "errors: 5%"))))
    assert "aborted" in text
    assert "errors: 5%" in text
    assert "100% not reached" in text


def test_a_watch_after_100_percent_is_one_line_with_its_evidence() -> None:
    assert "checkout  watch open, 50m left  █████░░░░░ 10 of 100" in drawn(view(watched()))
    assert "the watch is dead" in " ".join(drawn(view(watched(beat=NOW - 90)), 150).split())


def test_a_change_is_one_line_for_people_and_one_for_programs() -> None:
    found = changes(view(), view(in_flight()), NOW)
    assert follow_view.line_of(found[1]) == "2027-01-15 08:00:00Z checkout: 25% to version-b, step 2 of 3"
    content = json.loads(json.dumps(follow_view.as_json(found[1], view(in_flight()))))
    assert (content["what"], content["about"], content["target"]) == ("step", "checkout", "staging")
    assert content["rollout"]["weight"] == 25.0
    assert content["rollout"]["guardrails"][0]["evidence"] == 10.0
    assert follow_view.as_json(Change(NOW, "staging", "", "away", "x"), view())["rollout"] is None


@pytest.mark.parametrize("as_json", [True, False])
def test_a_pipe_gets_a_line_a_change_until_ctrl_c(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    over = view(settled(head=ended(Outcome.COMMITTED)))
    overview = Scripted(view(settled()), view(in_flight()), over)

    def await_news(hub: Hub, after: int, timeout: float) -> object:
        if not overview.views:
            raise KeyboardInterrupt
        hub.refresh(overview)
        return hub.state()

    monkeypatch.setattr(Hub, "start", lambda hub: None)
    monkeypatch.setattr(Hub, "await_news", await_news)
    follow.follow([overview], 1.0, as_json=as_json)
    lines = capsys.readouterr().out.splitlines()
    if as_json:
        assert [json.loads(line)["what"] for line in lines] == ["began", "step", "verdict", "ended"]
    else:
        assert lines[-1].endswith("checkout: version-b committed")


def test_the_command_follows_the_service_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], float, bool]] = []
    monkeypatch.setattr(
        "slipway.cli.follow.follow",
        lambda found, every, as_json: seen.append(([one.view.name for one in found], every, as_json)),
    )
    done = CliRunner().invoke(cli, ["status", "checkout", "--follow", "-n", "shop", "--every", "3", "--json"])
    assert done.exit_code == 0, done.output
    assert seen == [(["shop"], 3.0, True)]
