from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import cast

import grpc
import pytest

from sandbox.standins.language_python.children import Children, output


class Call:
    """As much of a gRPC context as is used: it can end."""

    def __init__(self, *, ended: bool = False) -> None:
        self._callbacks: list[Callable[[], None]] = []
        self._ended = ended

    def add_callback(self, callback: Callable[[], None]) -> bool:
        self._callbacks.append(callback)
        return not self._ended

    def end(self) -> None:
        for callback in self._callbacks:
            callback()

    def context(self) -> grpc.ServicerContext:
        return cast("grpc.ServicerContext", self)


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def collected(code: str, environment: dict[str, str] | None = None) -> tuple[bytes, bytes, int]:
    children, streams = Children(), {"stdout": b"", "stderr": b""}
    with children.started(
        python(code), environment=environment or {}, folder="", call=Call().context(), piped=True
    ) as process:
        for name, data in output(process):
            streams[name] += data
        code_of = process.wait()
    return streams["stdout"], streams["stderr"], code_of


def test_output_and_exit_code_come_back() -> None:
    code = "import os, sys; print('out'); print(os.environ['A'], file=sys.stderr); sys.exit(3)"
    assert collected(code, {"A": "err"}) == (b"out\n", b"err\n", 3)


def test_much_output_is_not_lost() -> None:
    stdout, stderr, _ = collected("import sys; print('x' * 300000); print('y' * 300000, file=sys.stderr)")
    assert (len(stdout), len(stderr)) == (300001, 300001)


def test_a_grandchild_that_keeps_the_pipes_open_does_not_hold_up_the_end() -> None:
    code = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    stdout, _, exit_code = collected(code)
    os.kill(int(stdout), 9)
    assert exit_code == 0


@pytest.mark.parametrize("ended", [True, False])
def test_a_child_ends_with_its_call(ended: bool) -> None:
    call = Call(ended=ended)
    with Children().started(
        python("import time; time.sleep(60)"), environment={}, folder="", call=call.context(), piped=False
    ) as process:
        call.end()
        assert process.wait(10) == -9


def test_leaving_ends_the_child() -> None:
    with Children().started(
        python("import time; time.sleep(60)"), environment={}, folder="", call=Call().context(), piped=False
    ) as process:
        pass
    assert process.returncode == -9


def test_draining_waits_for_children_until_there_is_no_time_left() -> None:
    children, hurry = Children(), threading.Event()
    with children.started(
        python("import time; time.sleep(60)"), environment={}, folder="", call=Call().context(), piped=False
    ) as process:
        drained = threading.Thread(target=children.drain, args=(hurry,))
        drained.start()
        drained.join(0.3)
        assert drained.is_alive()
        assert process.poll() is None
        hurry.set()
        drained.join(10)
        assert not drained.is_alive()
        assert process.returncode == -9


def test_draining_without_children_returns_at_once() -> None:
    Children().drain(threading.Event())
