"""A child process gets each interrupt once, and is waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from slipway.cli.process import run

COUNTER = """
import signal, sys, time
count = 0
def caught(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, caught)
print("ready", flush=True)
deadline = time.monotonic() + 20
while not count and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep(0.3)
print(f"interrupts: {count}", flush=True)
sys.exit(3)
"""


def test_output_errors_and_exit_code_come_back_and_lines_are_told(tmp_path: Path) -> None:
    told: list[str] = []
    code = "import sys; print('one'); print('two'); print('bad', file=sys.stderr); sys.exit(4)"
    ended = run([sys.executable, "-c", code], str(tmp_path), dict(os.environ), told.append)
    assert (ended.stdout, ended.stderr, ended.code) == ("one\ntwo", "bad", 4)
    assert told == ["one", "two"]


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.buffer.write(bytes([255, 10]))"
    assert run([sys.executable, "-c", code], str(tmp_path), dict(os.environ)).stdout == "\ufffd"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_child_once_as_an_interrupt_and_its_end_is_awaited(
    tmp_path: Path, number: signal.Signals
) -> None:
    def interrupt(line: str) -> None:
        if line == "ready":
            os.kill(os.getpid(), number)

    ended = run([sys.executable, "-c", COUNTER], str(tmp_path), dict(os.environ), interrupt)
    assert (ended.stdout, ended.code) == ("ready\ninterrupts: 1", 3)


def test_the_interrupt_of_a_terminal_reaches_the_child_once_as_well(tmp_path: Path) -> None:
    program = f"""
import os, sys
from slipway.cli.process import run
def tell(line):
    print(line, flush=True)
ended = run([sys.executable, "-c", {COUNTER!r}], {str(tmp_path)!r}, dict(os.environ), tell)
sys.exit(ended.code)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.stdout.read() == "interrupts: 1\n"
    assert parent.returncode == 3


def test_the_handlers_are_put_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    run(["true"], str(tmp_path), dict(os.environ))
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_may_run_commands_too(tmp_path: Path) -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run(["true"], str(tmp_path), dict(os.environ)).code))
    thread.start()
    thread.join(timeout=20)
    assert codes == [0]
