from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from sandbox import process, state
from sandbox.errors import SandboxError
from sandbox.namespace import Namespace
from sandbox.parts.launcher import Launcher
from sandbox.parts.part import Part
from sandbox.paths import StatePaths
from sandbox.state import State


@dataclass
class HostNamespace:
    """Starts what a namespace would start, on the host itself."""

    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def inode(self, kind: str) -> int:
        return process.namespace_inode("self", kind) or 0

    def spawn(self, argv: Sequence[str], log: Path, environment: Mapping[str, str]) -> int:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            self.started.append(subprocess.Popen(list(argv), stdout=sink, stderr=sink, env=dict(environment)))
        return self.started[-1].pid


@pytest.fixture
def host() -> Iterator[HostNamespace]:
    namespace = HostNamespace()
    yield namespace
    for started in namespace.started:
        started.kill()
        started.wait()


@pytest.fixture
def launcher(paths: StatePaths, host: HostNamespace) -> Launcher:
    return Launcher(paths, cast(Namespace, host), State(identity=paths.identity))


@pytest.fixture
def part() -> Part:
    return Part(name="sleeper", argv=["/bin/sleep", "600"], ready=lambda: True)


def await_name(pid: int, name: str) -> None:
    while Path(f"/proc/{pid}/comm").read_text() != f"{name}\n":
        assert process.start_time(pid) is not None


def test_a_part_that_runs_as_described_is_left_alone(launcher: Launcher, host: HostNamespace, part: Part) -> None:
    assert launcher.launch(part)
    assert not launcher.launch(part)
    assert len(host.started) == 1


def test_a_part_whose_configuration_changed_is_restarted(
    launcher: Launcher, host: HostNamespace, part: Part, tmp_path: Path
) -> None:
    launcher.launch(part)
    changed = replace(part, files={tmp_path / "config": "new"})
    assert launcher.launch(changed)
    assert host.started[0].wait() != 0
    assert (tmp_path / "config").read_text() == "new"


def test_a_part_that_died_is_started_again(launcher: Launcher, host: HostNamespace, part: Part) -> None:
    launcher.launch(part)
    host.started[0].kill()
    host.started[0].wait()
    assert launcher.launch(part)
    assert len(host.started) == 2


def test_what_was_started_is_on_record_before_anybody_waits_for_it(launcher: Launcher, part: Part) -> None:
    launcher.launch(part)
    assert state.load(launcher.paths).parts["sleeper"].alive


def test_a_part_runs_with_its_priority_under_its_own_name(launcher: Launcher, part: Part) -> None:
    launcher.launch(replace(part, niceness=3))
    pid = launcher.state.parts["sleeper"].pid
    await_name(pid, "sleep")
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 3)


def test_a_part_that_ends_while_it_is_awaited_shows_the_end_of_its_log(launcher: Launcher) -> None:
    broken = Part("broken", ["/bin/sh", "-c", "echo the port is taken; exec /bin/sleep 0.2"], ready=lambda: False)
    launcher.launch(broken)
    with pytest.raises(SandboxError, match="broken: ended while starting") as caught:
        launcher.await_ready([broken])
    assert caught.value.tail == ("the port is taken",)


def test_an_answer_from_somebody_else_does_not_make_a_dead_part_ready(
    launcher: Launcher, host: HostNamespace, part: Part
) -> None:
    launcher.launch(part)
    host.started[0].kill()
    host.started[0].wait()
    with pytest.raises(SandboxError, match="sleeper: ended while starting"):
        launcher.await_ready([part])


def test_a_part_that_never_answers_is_an_error_after_its_time(launcher: Launcher, part: Part) -> None:
    mute = replace(part, ready=lambda: False)
    launcher.launch(mute)
    with pytest.raises(SandboxError, match="sleeper: not ready within 0 s"):
        launcher.await_ready([mute], within=0.1)


def test_a_log_that_grew_large_is_put_aside(launcher: Launcher, part: Part) -> None:
    log = launcher.paths.log(part.name)
    log.parent.mkdir(parents=True)
    with log.open("wb") as handle:
        handle.truncate(21 * 1024 * 1024)
    launcher.launch(part)
    assert log.stat().st_size == 0
    assert log.with_suffix(".old").exists()
