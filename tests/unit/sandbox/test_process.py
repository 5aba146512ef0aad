from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sandbox import process

STUBBORN = "import signal,sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[str]]:
    """A process that does not heed SIGTERM and carries a mark."""
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN, "slipway-test-mark"], stdout=subprocess.PIPE, text=True
    ) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == "up\n"
        yield it
        it.kill()


def test_an_ended_process_that_nobody_waited_for_is_not_alive(stubborn: subprocess.Popen[str]) -> None:
    started = process.start_time(stubborn.pid)
    assert started is not None
    stubborn.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, stubborn.pid, os.WEXITED | os.WNOWAIT)
    assert process.start_time(stubborn.pid) is None
    assert not process.alive(stubborn.pid, started)


def test_a_process_that_ignores_sigterm_is_killed_after_the_grace(stubborn: subprocess.Popen[str]) -> None:
    assert process.end([stubborn.pid], grace=0.2) == []
    assert stubborn.wait() == -signal.SIGKILL


def test_ending_what_is_gone_is_no_error(stubborn: subprocess.Popen[str]) -> None:
    stubborn.kill()
    stubborn.wait()
    assert process.end([stubborn.pid], grace=0.2) == []


def test_a_marked_process_is_found_by_a_whole_argument_only(stubborn: subprocess.Popen[str]) -> None:
    assert process.find_marked("slipway-test-mark") == [stubborn.pid]
    assert process.find_marked("slipway-test") == []


def test_the_namespace_that_we_live_in_never_has_members_to_end() -> None:
    own = process.namespace_inode("self", "net")
    assert own is not None
    assert process.members("net", own) == []


def test_memory_of_a_living_process_is_counted_and_of_a_dead_one_is_none(stubborn: subprocess.Popen[str]) -> None:
    assert process.memory(stubborn.pid) > 1_000_000
    stubborn.kill()
    stubborn.wait()
    assert process.memory(stubborn.pid) == 0
