from __future__ import annotations

import json
from pathlib import Path

from sandbox.chaos import report
from sandbox.chaos.plan import Kind, Moment, Trial
from sandbox.chaos.report import Row
from sandbox.chaos.trial import count_failures
from sandbox.sample.records import Counts, Failure


def trial(number: int, kind: Kind) -> Trial:
    return Trial(number, kind, Moment.LEASE, delay=1.0, seconds=5.0, back=False, seed=1)


def test_the_summary_counts_trials_by_kind_and_keeps_every_row(tmp_path: Path) -> None:
    rows = [
        Row(trial(0, Kind.SLEEP), first_up=0),
        Row(trial(1, Kind.SLEEP), stuck="a rollout is unfinished", client_failures=3),
        Row(trial(2, Kind.KILL_ALL), wrong_traffic="the journal says a serves, the route says b"),
    ]
    report.write(rows, 7, tmp_path / "out" / "summary.json")
    found = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (found["trials"], found["seed"]) == (3, 7)
    assert found["by_kind"] == {
        "kill-all": {"trials": 1, "stuck": 0, "wrong_traffic": 1, "client_failures": 0},
        "sleep": {"trials": 2, "stuck": 1, "wrong_traffic": 0, "client_failures": 3},
    }
    assert [row["kind"] for row in found["rows"]] == ["sleep", "sleep", "kill-all"]
    assert [row.clean for row in rows] == [True, False, False]


def test_a_line_says_what_happened_and_what_is_held_against_it() -> None:
    row = Row(trial(0, Kind.SLEEP), "running", first_up=1, recovery=0, client_failures=2, requests=50, seconds=9.6)
    assert row.line(20) == (
        "[ 1/20] sleep at lease + 1.0 s for 5.0 s: running; up 1, recovery 0; 50 requests, 10 s: 2 failed requests"
    )


def failure(at: float) -> Failure:
    return Failure(at=at, sent=at - 0.01, wall=0.0, version="v1", status="503")


def test_failures_before_the_trial_do_not_count_and_those_while_the_data_plane_was_away_count_apart() -> None:
    counts = Counts(failures=tuple(failure(at) for at in (9.0, 11.0, 15.0, 15.5, 19.0)))
    row = Row(trial(0, Kind.RESTART_DATA_PLANE))
    count_failures(counts, 10.0, (14.0, 18.0), row)
    assert (row.client_failures, row.restart_failures) == (2, 2)
    assert len(row.notes) == 2


def test_without_an_outage_of_the_data_plane_every_failure_counts() -> None:
    row = Row(trial(0, Kind.KILL_CLI))
    count_failures(Counts(failures=(failure(11.0), failure(15.0))), 10.0, None, row)
    assert (row.client_failures, row.restart_failures) == (2, 0)
