"""The line below the engine's tree: only on a terminal in raw mode whose foreground is the engine."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.plugin.engine_process import EngineProcess
from slipway.plugin.terminal import Terminal


class Pty:
    """A terminal of 80 columns in raw mode, whose foreground is this process's group."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        os.set_blocking(self.master, False)
        self.path = Path(os.ttyname(self.slave))

    def shown(self) -> bytes:
        try:
            return os.read(self.master, 4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)


class Engine(EngineProcess):
    def group(self) -> int | None:
        return os.getpgrp()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pty]:
    made = Pty()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())  # it is not the terminal of the tests' session
    yield made
    made.close()


def test_a_line_is_drawn_where_the_cursor_is_and_the_cursor_stays(terminal: Pty) -> None:
    one = Terminal(Engine(), terminal.path, {})
    assert one.width() == 80
    one.draw("checkout 25%")
    assert terminal.shown() == b"\0337\rcheckout 25%\033[J\0338"


def test_what_a_pod_says_moves_no_cursor(terminal: Pty) -> None:
    Terminal(Engine(), terminal.path, {}).draw("a\n\033[2Jb\u00e9")
    assert terminal.shown() == b"\0337\ra  [2Jb?\033[J\0338"


def test_without_raw_mode_no_tree_is_drawn_and_no_line_either(terminal: Pty) -> None:
    attributes = termios.tcgetattr(terminal.slave)
    attributes[3] |= termios.ICANON
    termios.tcsetattr(terminal.slave, termios.TCSANOW, attributes)
    one = Terminal(Engine(), terminal.path, {})
    one.draw("checkout 25%")
    assert (one.width(), terminal.shown()) == (None, b"")


def test_a_write_that_could_stop_this_process_is_not_tried(terminal: Pty) -> None:
    attributes = termios.tcgetattr(terminal.slave)
    attributes[3] |= termios.TOSTOP
    termios.tcsetattr(terminal.slave, termios.TCSANOW, attributes)
    assert Terminal(Engine(), terminal.path, {}).width() is None


def test_an_engine_in_the_background_has_no_line(terminal: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    assert Terminal(Engine(), terminal.path, {}).width() is None


def test_it_can_be_turned_off(terminal: Pty) -> None:
    assert Terminal(Engine(), terminal.path, {"SLIPWAY_LIVE_LINE": "off"}).width() is None


def test_without_a_terminal_nothing_fails(tmp_path: Path) -> None:
    one = Terminal(Engine(), tmp_path / "none", {})
    one.draw("checkout 25%")
    assert one.width() is None


def test_a_terminal_that_takes_nothing_is_not_waited_for(terminal: Pty) -> None:
    one = Terminal(Engine(), terminal.path, {})
    for _ in range(2000):
        one.draw("x" * 79)
    assert sys.getsizeof(terminal.shown()) > 0
