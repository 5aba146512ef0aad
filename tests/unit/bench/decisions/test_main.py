from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bench.decisions import __main__ as program
from bench.decisions import one_cell, run
from bench.decisions.cells import Cell
from bench.decisions.detectors import Detector, disagreements, is_own, load
from bench.decisions.production import Recording, single, slipway
from bench.decisions.recordings import Recordings, simulate
from bench.decisions.vector import Floats
from slipway.release.errors import InputError


def at_once(recording: Recording) -> float | None:
    """Aborts whenever the candidate had an error."""
    return recording.tick if recording.candidate_bad.any() else None


def never(recording: Recording) -> float | None:
    assert recording.candidate_total.ndim == 1
    return None


def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "grid", lambda ratios: [Cell(0.01, 100.0, 0.2, ratio) for ratio in ratios])
    monkeypatch.setattr(run, "gates", lambda: {"drift": [Cell(0.01, 100.0, 0.2, 1.0, "drift", 3.0)]})
    monkeypatch.setattr(
        program, "QUICK", run.Plan(8, 12, 12, 1, again=30, sticky_again=2, scene=1, scene_again=1, ramp=1)
    )


def test_the_file_has_the_promised_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    result = CliRunner().invoke(program.main, ["--quick", "--processes", "1", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    data = json.loads((tmp_path / "decisions.json").read_text())
    assert set(data) == {"gates_held", "detectors"}
    assert isinstance(data["gates_held"], bool)
    assert {"slipway", "slipway@1.1"} < set(data["detectors"])
    keys = {"score", "false_abort_mean", "false_abort_max", "missed_2x", "missed_5x", "mean_over_wald"}
    assert all(keys == set(row) for row in data["detectors"].values())
    assert data["detectors"]["slipway"]["score"] > data["detectors"]["argo 99%"]["score"]
    more = json.loads((tmp_path / "decisions-details.json").read_text())
    assert more["production"] == {"checked_runs": 26, "disagreements": 0}
    assert more["bounds"]["slipway"]["cells"] == 17
    assert (tmp_path / "decisions-time.png").stat().st_size > 1000
    assert "gates held" in result.output


def test_any_function_can_be_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    names = [f"{__name__}:at_once", f"{__name__}:never"]
    args = ["--quick", "--only", "--processes", "1", "--out", str(tmp_path)]
    result = CliRunner().invoke(program.main, [*args, *(part for name in names for part in ("--detector", name))])
    assert result.exit_code == 0, result.output
    data = json.loads((tmp_path / "decisions.json").read_text())
    first, second = (data["detectors"][name] for name in names)
    assert first["false_abort_max"] == 1.0
    assert not data["gates_held"]
    bounds = json.loads((tmp_path / "decisions-details.json").read_text())["bounds"]
    assert bounds[names[0]]["each_cell"] > 0.01 > bounds[names[1]]["each_cell"]
    assert second["false_abort_max"] == 0.0
    assert second["missed_5x"] == 1.0


@pytest.mark.parametrize("name", ["nowhere:f", "bench.decisions.production:f", "bench.decisions.production", ""])
def test_a_detector_that_cannot_be_loaded_is_a_clear_error(name: str) -> None:
    with pytest.raises(InputError, match="--detector"):
        load(name)


def test_a_healthy_cell_near_alpha_is_measured_again_and_only_the_fresh_runs_count() -> None:
    cell, seen = Cell(0.01, 100.0, 0.2, 1.0), []

    def unlucky(recordings: Recordings) -> Floats:
        seen.append(recordings)
        times = np.full(len(recordings), np.nan)
        times[: 2 if len(seen) == 1 else 0] = 10.0
        return times

    _, _, found = run._cell((Detector("unlucky", unlucky, 1.0),), 100, 150, ("good", cell))
    assert found.again["unlucky"].first.aborted == 2
    assert found.outcomes["unlucky"] == found.again["unlucky"].second
    assert (found.outcomes["unlucky"].aborted, found.outcomes["unlucky"].runs) == (0, 150)
    assert not np.array_equal(seen[0].candidate_bad[:50], seen[1].candidate_bad[:50])


def test_a_disagreement_with_production_is_counted() -> None:
    seen = simulate(Cell(0.01, 100.0, 0.2, 5.0), 3)
    right = np.array([slipway(single(seen, run), 1.0) or np.nan for run in range(3)])
    assert disagreements(seen, right, 1.0, 3) == 0
    assert disagreements(seen, right + 10.0, 1.0, 3) == 3


def test_one_cell_can_be_measured_as_long_as_one_likes() -> None:
    result = CliRunner().invoke(one_cell.main, ["0.01 100/s 0.5 x1", "--runs", "40"])
    assert result.exit_code == 0, result.output
    assert " of 40 aborted: " in result.output
    assert CliRunner().invoke(one_cell.main, ["no such cell"]).exit_code == 2
    for wrong in ("--runs=0", "--tolerate=0.5"):
        assert CliRunner().invoke(one_cell.main, ["0.01 100/s 0.5 x1", wrong]).exit_code == 2


def fails(recording: Recording) -> float | None:
    raise RuntimeError("no such column")


def leaves(recording: Recording) -> float | None:
    raise SystemExit(0)


def says_soon(recording: Recording) -> object:
    return "soon"


def before_it_began(recording: Recording) -> object:
    return -5.0


def after_the_end(recording: Recording) -> object:
    return 3600.5


def true(recording: Recording) -> object:
    return True


def not_a_number(recording: Recording) -> object:
    return float("nan")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fails", "raised RuntimeError: no such column"),
        ("leaves", "raised SystemExit: 0"),
        ("says_soon", "returned 'soon'; wanted: seconds from 10 (its first tick) to 3600 (its end), or None"),
        ("before_it_began", "returned -5.0"),
        ("after_the_end", "returned 3600.5"),
        ("true", "returned True"),
        ("not_a_number", "returned nan"),
    ],
)
def test_what_a_detector_from_outside_does_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    few(monkeypatch)
    args = ["--quick", "--only", "--processes", "1", "--out", str(tmp_path), "--detector", f"{__name__}:{name}"]
    result = CliRunner().invoke(program.main, args)
    assert result.exit_code == 1
    assert f"Error: the detector {__name__}:{name} {text}" in result.output
    assert not list(tmp_path.iterdir())


A_NUMBER = 7


def tolerates_less_than_nothing(recording: Recording) -> float | None:
    return None


tolerates_less_than_nothing.tolerate = 0.5  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["A_NUMBER", "tolerates_less_than_nothing"])
def test_a_detector_that_no_cell_could_judge_is_refused(name: str) -> None:
    """With a tolerated ratio below 1 every healthy cell would be left out, and its gates would look held."""
    with pytest.raises(InputError, match=name):
        load(f"{__name__}:{name}")


def test_the_command_line_explains_itself() -> None:
    nowhere = CliRunner().invoke(program.main, ["--detector", "nowhere:f"])
    assert (nowhere.exit_code, "Error: bench.decisions" in nowhere.output) == (1, True)
    assert CliRunner().invoke(program.main, ["--only"]).exit_code == 2
    assert CliRunner().invoke(program.main, ["--processes", "0"]).exit_code == 2


def test_a_module_whose_name_begins_like_ours_is_not_ours() -> None:
    assert is_own("slipway")
    assert is_own("slipway@1.1")
    assert not is_own("slipway_ours:detect")
