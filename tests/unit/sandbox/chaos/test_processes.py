"""Real processes of one's own, marked as a checkout's are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import process
from sandbox.chaos import processes
from sandbox.chaos.processes import VARIABLE, Checkout

SLEEPER = "import sys; sys.stdout.write('up'); sys.stdout.flush(); sys.stdin.read()"
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    begun = []

    def run(mark: str, *arguments: str) -> subprocess.Popen[bytes]:
        made = subprocess.Popen(
            [sys.executable, "-c", SLEEPER, *arguments],
            env={**os.environ, VARIABLE: str(tmp_path / mark)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        begun.append(made)
        assert made.stdout is not None
        assert made.stdout.read(2) == b"up"
        return made

    yield run
    for one in begun:
        one.kill()
        one.communicate()


def test_the_processes_of_a_checkout_are_told_apart_and_by_what_they_do(start: Start, tmp_path: Path) -> None:
    provider = start("mine", "/somewhere/slipway/plugin", "127.0.0.1:1")
    watchdog = start("mine", "-m", "slipway.rollout.safety.watchdog", "shop", "checkout", "1")
    other = start("theirs", "/somewhere/slipway/plugin")
    mine, theirs = Checkout(tmp_path / "mine"), Checkout(tmp_path / "theirs")
    assert set(mine.pids()) == {provider.pid, watchdog.pid}
    assert (mine.providers(), mine.watchdogs()) == ([provider.pid], [watchdog.pid])
    assert theirs.pids() == [other.pid]


def test_what_sleeps_is_woken_and_what_is_left_is_ended(start: Start, tmp_path: Path) -> None:
    one = start("mine")
    mine = Checkout(tmp_path / "mine")
    asleep = mine.signal(signal.SIGSTOP)
    assert asleep == [one.pid]
    assert os.waitpid(one.pid, os.WUNTRACED)[1] >> 8 == signal.SIGSTOP
    processes.wake(asleep)
    assert os.waitpid(one.pid, os.WCONTINUED)[0] == one.pid
    assert mine.end() == [one.pid]
    assert process.start_time(one.pid) is None
    assert mine.pids() == []
