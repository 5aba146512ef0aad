"""The engine that a provider works for is found among its ancestors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.plugin.engine_process import EngineProcess


def shown(folder: Path, *lines: tuple[int, int, str]) -> Path:
    """Processes as (pid, parent, command)."""
    for pid, parent, command in lines:
        place = folder / str(pid)
        place.mkdir()
        (place / "stat").write_text(f"{pid} (a name (with) brackets) S {parent} 1 1")
        (place / "cmdline").write_bytes("\0".join(command.split()).encode() + b"\0")
    return folder


def engine(folder: Path, command: str, **environment: str) -> EngineProcess:
    """Provider 30 of language host 20 of the engine 10."""
    host = (20, 10, "/bin/pulumi-language-python 127.0.0.1:1")
    processes = shown(folder, (30, 20, "python -m rollout"), host, (10, 1, command))
    return EngineProcess(processes, 30, environment)


@pytest.mark.parametrize(
    ("command", "continues"),
    [
        ("/usr/bin/pulumi up --yes", False),
        ("pulumi up --continue-on-error --yes", True),
        ("pulumi up --continue-on-error=true", True),
        ("pulumi up --continue-on-error=false", False),
    ],
)
def test_what_it_was_told_is_on_its_command_line(tmp_path: Path, command: str, continues: bool) -> None:
    assert engine(tmp_path, command).continues_on_error() is continues


def test_or_in_the_environment(tmp_path: Path) -> None:
    assert engine(tmp_path, "pulumi up", PULUMI_CONTINUE_ON_ERROR="true").continues_on_error()


def test_an_engine_that_is_not_found_counts_as_one_that_continues(tmp_path: Path) -> None:
    other = engine(tmp_path, "bash")
    assert other.continues_on_error()
    assert not other.interrupt()
    assert EngineProcess(tmp_path / "nothing", 30, {}).continues_on_error()


def test_it_is_interrupted_as_by_ctrl_c(tmp_path: Path) -> None:
    # A process that was started in the background inherits that SIGINT is ignored.
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            processes = shown(tmp_path, (30, process.pid, "python -m rollout"), (process.pid, 1, "pulumi up"))
            assert EngineProcess(processes, 30, dict(os.environ)).interrupt()
            assert process.wait(10) == -signal.SIGINT
        finally:
            process.kill()
