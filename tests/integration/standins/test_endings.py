"""How processes end: with the call, with the CLI, with the host; and what must live on."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.standins.conftest import MakeProject
from tests.integration.standins.project import VIRTUALENV, Project, await_true, running

PROMPT = 30.0
"""Seconds within which a process whose reason has gone must be gone."""

PROGRAM = textwrap.dedent(
    """
    import os, pathlib
    import pulumi
    pathlib.Path(os.environ["SLOW_NOTES"], "program").write_text(str(os.getpid()))
    class Slow(pulumi.CustomResource):
        def __init__(self, name):
            super().__init__("slow:index:Slow", name, {})
    Slow("one")
    """
)


@dataclass
class Running:
    """An update that is inside the plugin's create."""

    project: Project
    notes: Path
    cli: int

    def pid(self, name: str) -> int:
        return int((self.notes / name).read_text())

    def host(self) -> int:
        for child in children(self.cli):
            if "standins.language_python" in Path(f"/proc/{child}/cmdline").read_text():
                return child
        raise AssertionError("no language host among the CLI's children")


def children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (thread / "children").read_text().split()]
    return found


@pytest.fixture
def update(make_project: MakeProject, tmp_path: Path) -> Iterator[Running]:
    notes = tmp_path / "notes"
    notes.mkdir()
    project = make_project(PROGRAM, extra="plugins:\n  providers:\n    - name: slow\n      path: ./slow\n")
    project.environment["SLOW_NOTES"] = str(notes)
    project.write("slow/PulumiPlugin.yaml", f"runtime:\n  name: python\n  options:\n    virtualenv: {VIRTUALENV}\n")
    project.write("slow/__main__.py", Path(__file__).with_name("slow_plugin.py").read_text())
    process = project.start("up", "--yes", "--skip-preview")
    await_true((notes / "creating").exists, "the plugin's create")
    started = Running(project, notes, process.pid)
    yield started
    os.kill(started.pid("apart"), signal.SIGKILL)


def test_killing_the_cli_ends_plugin_program_and_host_but_not_a_session_of_its_own(update: Running) -> None:
    host, plugin, program = update.host(), update.pid("plugin"), update.pid("program")
    os.kill(update.cli, signal.SIGKILL)
    await_true(lambda: not running(plugin), "the plugin's end", PROMPT)
    await_true(lambda: not running(program), "the program's end", PROMPT)
    await_true(lambda: not running(host), "the host's end", PROMPT)
    assert running(update.pid("apart"))


def test_killing_the_host_ends_its_plugins_and_programs(update: Running) -> None:
    plugin, program = update.pid("plugin"), update.pid("program")
    os.kill(update.host(), signal.SIGKILL)
    await_true(lambda: not running(plugin), "the plugin's end", PROMPT)
    await_true(lambda: not running(program), "the program's end", PROMPT)
    assert running(update.pid("apart"))


def test_ctrl_c_lets_the_plugin_tidy_up_and_leaves_no_process(update: Running) -> None:
    host, plugin = update.host(), update.pid("plugin")
    os.kill(update.cli, signal.SIGINT)
    code = update.project.started[0].wait(30)
    assert code != 0
    assert (update.notes / "tidied").exists()
    assert not running(plugin)
    assert not running(host)
    assert "Traceback" not in update.project.output()


def test_sigint_to_the_host_alone_waits_for_the_plugin(update: Running) -> None:
    host, plugin = update.host(), update.pid("plugin")
    os.kill(host, signal.SIGINT)
    os.kill(update.cli, signal.SIGINT)
    update.project.started[0].wait(30)
    assert (update.notes / "tidied").exists()
    assert not running(plugin)
    assert not running(host)
    assert "Traceback" not in update.project.output()
