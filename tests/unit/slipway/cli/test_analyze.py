"""`slipway analyze`: recordings as files, and what the production decision says of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.cli.main import cli
from tests.unit.slipway.rollout.analysis.examples import errors, fresh, traffic, watch

HEADER = ("time", "candidate_total", "candidate_bad", "baseline_total", "baseline_bad")


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    path.write_text("\n".join(",".join(str(value) for value in row) for row in [header, *rows]) + "\n")
    return path


def recorded(path: Path, candidate: float, *, cumulative: bool = False, reset: int | None = None) -> Path:
    """A canary at 5%; as counters it begins with a line of their values before the first tick."""
    rows: list[list[int]] = []
    for tick in traffic(1, candidate=candidate, baseline=0.002, rate=300, ticks=60):
        seen = tick.counts["errors"]
        rows.append([seen.candidate.total, seen.candidate.bad, seen.baseline.total, seen.baseline.bad])
    if cumulative:
        totals = [list(column) for column in zip(*accumulate([[70, 1, 900, 3], *rows], _add), strict=True)]
        rows = [list(row) for row in zip(*totals, strict=True)]
        if reset is not None:
            at_reset = rows[reset]
            rows = rows[: reset + 1] + [
                [a - b for a, b in zip(row, at_reset, strict=True)] for row in rows[reset + 1 :]
            ]
    first = 0 if cumulative else 2
    return write(path, HEADER, [(first + 2 * index, *row) for index, row in enumerate(rows)])


def _add(one: list[int], two: list[int]) -> list[int]:
    return [a + b for a, b in zip(one, two, strict=True)]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["analyze", *(str(argument) for argument in arguments)])


def answer(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_recorded_fault_is_aborted_as_production_aborts_it(tmp_path: Path) -> None:
    found = answer("--counts", recorded(tmp_path / "a.csv", 0.05), "--weights", 5, "--negligible", "1%")
    _, decisions = watch(fresh(errors()), traffic(1, candidate=0.05, baseline=0.002, rate=300, ticks=60))
    expected = next(decision for decision in decisions if decision.verdict.value == "FAIL")
    assert found["verdict"] == "FAIL"
    assert found["reason"] == expected.reason
    assert found["statistic"] == expected.statistic
    assert found["time"] == 2.0 * (decisions.index(expected) + 1)
    assert found["looks"] < found["ticks"] == 60


def test_a_healthy_recording_passes_and_says_since_when(tmp_path: Path) -> None:
    found = answer("--counts", recorded(tmp_path / "a.csv", 0.002), "--weights", 5, "--negligible", "1%")
    assert found["verdict"] == "PASS"
    assert 0 < found["promotable_since"] < found["time"] == 120.0
    assert found["promote_statistic"] >= found["promote_threshold"]


@pytest.mark.parametrize("reset", [None, 20])
def test_cumulative_counters_are_recognised_and_resets_survived(tmp_path: Path, reset: int | None) -> None:
    plain = answer("--counts", recorded(tmp_path / "a.csv", 0.01), "--weights", 5)
    grown = answer("--counts", recorded(tmp_path / "b.csv", 0.01, cumulative=True, reset=reset), "--weights", 5)
    assert "cumulative counters" in grown["notes"][0]
    assert "counts per tick" in plain["notes"][0]
    assert {**grown, "notes": []} == {**plain, "notes": []}


def test_what_the_file_holds_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", HEADER, [(2 * i, 100 + i, i // 4, 900 + i, 0) for i in range(1, 30)])
    assert answer("--counts", path)["n"] == 28
    assert answer("--counts", path, "--per-tick")["n"] > 500


def test_the_weight_is_that_of_the_traffic_unless_it_is_given(tmp_path: Path) -> None:
    path = recorded(tmp_path / "a.csv", 0.002)
    assert "weight 5" in answer("--counts", path)["notes"][1]
    steps = answer("--counts", path, "--weights", "0s:5,30s:25,1m:50", "--trace")
    seen = [look["reason"].split(" of ")[1].split(" bad")[0].replace(",", "") for look in steps["trace"]]
    assert int(seen[14]) > int(seen[15])  # each weight is a step of its own
    assert int(seen[29]) > int(seen[30])


def test_for_people_it_is_the_verdict_its_time_and_its_reason(tmp_path: Path) -> None:
    result = run("--counts", recorded(tmp_path / "a.csv", 0.05))
    assert result.exit_code == 0
    assert "FAIL at " in result.output
    assert "abort evidence" in result.output.splitlines()[-1]
    assert len(run("--counts", tmp_path / "a.csv", "--trace").output.splitlines()) > len(result.output.splitlines())


def test_settings_are_read_as_in_a_manifest(tmp_path: Path) -> None:
    path = recorded(tmp_path / "a.csv", 0.05)
    assert answer("--counts", path, "--false-abort", "0.01%")["threshold"] == pytest.approx(10_000)
    assert answer("--counts", path, "--warm-up", "2m")["verdict"] == "INCONCLUSIVE"
    assert answer("--counts", path, "--dispersion", 30)["time"] > answer("--counts", path)["time"]
    result = run("--counts", path, "--tolerate", "0.5", "--false-abort", "3", "--warm-up", "soon")
    assert result.exit_code == 1
    assert all(option in result.stderr for option in ("--tolerate", "--false-abort", "--warm-up"))


def test_times_may_be_dates(tmp_path: Path) -> None:
    rows = [(f"2026-11-23T10:00:{second:02d}+00:00", 30, 3, 570, 1) for second in range(0, 60, 2)]
    assert answer("--counts", write(tmp_path / "a.csv", HEADER, rows), "--per-tick")["verdict"] == "FAIL"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([(1, 5, 6, 5, 0)], "line 2: more bad events than events"),
        ([(1, 5, 0, 5, 0), (1, 5, 0, 5, 0)], "line 3: its time is not after"),
        ([(1, 5, -1, 5, 0)], "line 2: '5, -1, 5, 0' are not four counts"),
        ([("soon", 5, 0, 5, 0), ("later", 5, 0, 5, 0)], "line 3: 'later' is not a time"),
        ([], "the file has no rows"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_its_line(tmp_path: Path, rows: list[Any], text: str) -> None:
    result = run("--counts", write(tmp_path / "a.csv", HEADER, rows), "--per-tick")
    assert result.exit_code == 1
    assert text in result.stderr


def test_missing_columns_are_named(tmp_path: Path) -> None:
    result = run("--counts", write(tmp_path / "a.csv", HEADER[:3], [(1, 2, 0)]))
    assert "no column baseline_total, baseline_bad" in result.stderr


def sticky(path: Path, share: float, seed: int = 3) -> Path:
    """A hundred clients a side-sharing hash puts on either side; those of the candidate fail with this share."""
    rng = np.random.default_rng(seed)
    sides = rng.random(600) < 0.25
    rows = []
    for index in range(6000):
        client = int(rng.integers(0, 600))
        bad = rng.random() < (share if sides[client] else 0.003)
        rows.append((index * 0.02, "candidate" if sides[client] else "baseline", f"c{client}", int(bad)))
    return write(path, ("time", "side", "client", "bad"), rows)


def test_clients_that_stick_are_judged_by_their_first_failures(tmp_path: Path) -> None:
    found = answer("--clients", sticky(tmp_path / "a.csv", 0.1), "--weights", 25)
    assert found["verdict"] == "FAIL"
    assert "clients failed" in found["reason"]
    assert answer("--clients", sticky(tmp_path / "b.csv", 0.003), "--weights", 25)["verdict"] != "FAIL"


def test_one_broken_client_is_one_event(tmp_path: Path) -> None:
    rows = [(index * 0.1, "candidate", "c1", 1) for index in range(500)]
    rows += [(index * 0.1, "baseline", f"c{index}", 0) for index in range(2, 500)]
    found = answer("--clients", write(tmp_path / "a.csv", ("time", "side", "client", "bad"), rows), "--weights", 5)
    assert found["verdict"] != "FAIL"
    assert found["candidate_bad"] == 1


def test_clients_need_the_designed_weight(tmp_path: Path) -> None:
    result = run("--clients", sticky(tmp_path / "a.csv", 0.1))
    assert result.exit_code != 0
    assert run("--clients", tmp_path / "a.csv", "--weights", "1m:5").exit_code == 1
    assert "--weights" in run("--clients", tmp_path / "a.csv", "--weights", "0s:5,0s:9").stderr


def test_rows_of_clients_that_make_no_sense_are_all_named(tmp_path: Path) -> None:
    rows = [(1, "left", "a", 0), (2, "candidate", "", 0), (3, "candidate", "a", "maybe")]
    result = run("--clients", write(tmp_path / "a.csv", ("time", "side", "client", "bad"), rows), "--weights", 5)
    assert result.exit_code == 1
    assert all(f"line {line}" in result.stderr for line in (2, 3, 4))


def test_one_of_the_two_recordings_must_be_given(tmp_path: Path) -> None:
    assert run().exit_code != 0
    path = recorded(tmp_path / "a.csv", 0.0)
    assert run("--counts", path, "--clients", path).exit_code != 0


def test_clients_who_were_only_just_seen_are_not_good_yet(tmp_path: Path) -> None:
    """As in a rollout: half of the dwell goes by before a client counts."""
    sides = [("candidate" if n % 2 else "baseline", f"c{n}") for n in range(900)]
    for seconds, verdict in ((10, "INCONCLUSIVE"), (40, "PASS")):
        rows = [(at, side, client, 0) for at in (0, seconds) for side, client in sides]
        recording = write(tmp_path / f"{seconds}.csv", ("time", "side", "client", "bad"), rows)
        assert answer("--clients", recording, "--weights", 50, "--negligible", "1%")["verdict"] == verdict


def test_a_time_that_is_years_off_is_named_and_not_waited_for(tmp_path: Path) -> None:
    rows = [("0", "candidate", "ann", "0"), ("1795633200", "candidate", "bob", "0")]
    result = run("--clients", write(tmp_path / "a.csv", ("time", "side", "client", "bad"), rows), "--weights", 5)
    assert result.exit_code == 1
    assert "line 3: it is 1,795,633,200s later than line 2" in result.stderr


TICK = (2, 10, 0, 190, 0)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (",".join(HEADER).encode("utf-16"), "encoding: byte 0xff is not UTF-8"),
        ("\n".join([",".join(HEADER), "1\xe9,1,0,1,0"]).encode("latin-1"), "encoding: byte 0xe9 is not UTF-8"),
        (f"{','.join(HEADER)}\n1,{'9' * 200_000},0,1,0\n".encode(), "line 2: field larger than field limit"),
        (f"{';'.join(HEADER)}\n1;1;0;1;0\n".encode(), "found time;candidate_total;"),
        (f"time,{','.join(HEADER)}\n1,2,5,0,5,0\n".encode(), "line 1: more than one column time"),
        (f"{','.join(HEADER)}\n1,1,200,0,1,900,0\n".encode(), "line 2: 7 values, and the first line names 5 columns"),
        (
            f"{','.join(HEADER)}\n1,1,0,1,0\n2026-11-23T10:00:00Z,1,0,1,0\n".encode(),
            "line 3: '2026-11-23T10:00:00Z' is a",
        ),
        (f"{','.join(HEADER)}\n1,{10**30},0,1,0\n".encode(), "whole numbers from 0 to 2^53"),
    ],
)
def test_bytes_that_are_no_such_recording_are_explained(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    result = run("--counts", path)
    assert result.exit_code == 1
    assert text in result.stderr
    assert "unexpected" not in result.stderr


def test_a_recording_larger_than_memory_should_hold_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    assert "size: more than 64 MiB" in run("--counts", path).stderr


def test_what_excel_and_people_write_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("\ufeff" + ", ".join(HEADER) + "\r\n" + ", ".join(map(str, TICK)) + "\r\n\r\n").encode())
    assert answer("--counts", path)["n"] == 10


def test_dates_without_a_zone_are_the_same_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the night of the change of clocks in Berlin 02:30 is an hour later than 01:59, or one minute before 03:00."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        rows = [("2026-03-29T01:59:00", *TICK[1:]), ("2026-03-29T03:00:00", *TICK[1:])]
        assert answer("--counts", write(tmp_path / "a.csv", HEADER, rows), "--per-tick")["time"] == 2 * 3660.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--counts", "--tick", "5s"), "--tick goes with --clients only"),
        (("--clients", "--objective", "1%"), "--objective goes with --counts only"),
        (("--clients", "--dispersion", "2"), "--dispersion goes with --counts only"),
        (("--clients", "--per-tick"), "--cumulative goes with --counts only"),
        (("--counts", "--dispersion", "nan"), "--dispersion: nan"),
        (("--counts", "--first-release"), "the recording has events of a baseline"),
    ],
)
def test_an_option_that_would_do_nothing_or_lie_is_refused(tmp_path: Path, options: tuple[str, ...], text: str) -> None:
    kind, *rest = options
    counts = write(tmp_path / "counts.csv", HEADER, [TICK])
    clients = write(tmp_path / "clients.csv", ("time", "side", "client", "bad"), [(1, "baseline", "ann", 0)])
    result = run(kind, counts if kind == "--counts" else clients, "--weights", 5, *rest)
    assert result.exit_code == 2
    assert text in result.stderr


def test_a_first_release_is_judged_without_a_baseline(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", HEADER, [(2 * i, 100, 20, 0, 0) for i in range(1, 30)])
    assert answer("--counts", path, "--per-tick", "--first-release", "--objective", "1%")["verdict"] == "FAIL"


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "'' cannot be read"), ("0s:5,2m", "'2m' is not a beginning and a weight"), ("0s:5:6", "'0s:5:6' is not a")],
)
def test_weights_that_cannot_be_read_are_explained(tmp_path: Path, text: str, said: str) -> None:
    result = run("--counts", write(tmp_path / "a.csv", HEADER, [TICK]), "--weights", text)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "unpack" not in result.stderr


def test_a_reset_shows_in_the_bad_events_as_well(tmp_path: Path) -> None:
    """A process that restarted and soon counted more than before: only its bad events fell."""
    rows = [(0, 10, 9, 0, 0), (2, 100, 4, 100, 0)]
    found = answer("--counts", write(tmp_path / "a.csv", HEADER, rows), "--cumulative", "--weights", 50)
    assert (found["n"], found["candidate_bad"]) == (100, 4)


cells = st.one_of(
    st.integers(-2, 5000).map(str),
    st.sampled_from([2**53 + 1, 2**60, 1e308, 0.1, float("nan"), float("-inf")]).map(str),
    st.sampled_from(["", "candidate", "baseline", "1", "0", "2026-11-23T10:00:00Z", "2026-11-23", '"', "\x00", "é"]),
    st.text(max_size=4),
)
tables = st.lists(st.lists(cells, max_size=6).map(",".join), max_size=8).map("\n".join)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200) | tables.map(lambda text: text.encode("utf-8", "surrogatepass")),
    header=st.booleans(),
)
@pytest.mark.parametrize("kind", ["counts", "clients"])
def test_any_bytes_are_judged_or_explained(tmp_path: Path, kind: str, content: bytes, header: bool) -> None:
    names = HEADER if kind == "counts" else ("time", "side", "client", "bad")
    path = tmp_path / "a.csv"
    path.write_bytes((",".join(names) + "\n").encode() * header + content)
    result = run(f"--{kind}", path, "--weights", 5)
    assert result.exit_code in (0, 1)
    assert "unexpected" not in result.stderr
