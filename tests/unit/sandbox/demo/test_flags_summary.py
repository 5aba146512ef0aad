from __future__ import annotations

import json
from pathlib import Path

from sandbox.demo.flags.summary import FlagsSummary, Guarded, p99


def test_the_file_has_the_documented_shape(tmp_path: Path) -> None:
    guarded = Guarded(exposure=25.0, fault=20.0, seconds_to_off=2.5, failed_requests=4)
    summary = FlagsSummary(effects_ms=[20.0, 30.04, 500.0], guarded=[guarded], kept_off_by_up=True, kills_survived=30)
    summary.write(tmp_path / "out" / "flags.json")
    assert json.loads((tmp_path / "out" / "flags.json").read_text()) == {
        "change_to_effect_ms": {"median": 30.0, "p99": 500.0},
        "guarded": [{"exposure": 25.0, "fault": 20.0, "seconds_to_off": 2.5, "failed_requests": 4}],
        "kept_off_by_up": True,
        "kills_survived": 30,
        "problems": [],
    }


def test_what_was_not_measured_is_null() -> None:
    assert FlagsSummary().to_json()["change_to_effect_ms"] == {"median": None, "p99": None}


def test_p99_leaves_out_at_most_one_value_in_a_hundred() -> None:
    assert p99([float(n) for n in range(1, 101)]) == 99.0
    assert p99([float(n) for n in range(1, 51)]) == 50.0


def test_a_problem_is_a_failure() -> None:
    assert FlagsSummary().ok
    assert not FlagsSummary(problems=["not killed"]).ok
