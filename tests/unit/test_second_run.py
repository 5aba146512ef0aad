"""What failed is run once more, alone, when it is little: the code says whether everything held at the last."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import second_run

FLAKY = """
from pathlib import Path
def test_fails_the_first_time():
    before = Path("seen").exists()
    Path("seen").touch()
    assert before
def test_passes():
    with Path("passed").open("a") as out:
        out.write("once ")
"""
BROKEN = """
def test_fails_each_time():
    assert False
"""
MANY = """
from pathlib import Path
import pytest
@pytest.mark.parametrize("number", range(7))
def test_fails_the_first_time(number):
    before = Path(f"seen-{number}").exists()
    Path(f"seen-{number}").touch()
    assert before
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that is the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def test_one_that_passes_alone_is_named_and_the_others_are_not_run_again(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "test_flaky.py").write_text(FLAKY)
    assert second_run.main(["-q"]) == 0
    assert "test_flaky.py::test_fails_the_first_time" in capfd.readouterr().out.partition("PASSED ONLY")[2]
    assert (folder / second_run.REPORT).read_text() == "test_flaky.py::test_fails_the_first_time\n"
    assert (folder / "passed").read_text() == "once "


def test_one_that_fails_again_fails_the_run(folder: Path) -> None:
    (folder / "test_flaky.py").write_text(FLAKY)
    (folder / "test_broken.py").write_text(BROKEN)
    assert second_run.main(["-q"]) == pytest.ExitCode.TESTS_FAILED
    assert not (folder / second_run.REPORT).exists()


def test_many_failures_are_no_accident(folder: Path) -> None:
    (folder / "test_many.py").write_text(MANY)
    assert second_run.main(["-q"]) == pytest.ExitCode.TESTS_FAILED


def test_a_file_that_cannot_be_read_is_not_run_again(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "test_wrong.py").write_text("import no_such_module_at_all\n")
    assert second_run.main(["-q"]) != 0
    assert "run again" not in capfd.readouterr().out
