"""The line below the engine's tree on a terminal.

The engine shows a status message in the last column of a resource's row, behind types and names: it begins at column
108 for a service called checkout, so at 80 and 110 columns nothing of it is seen. The plugin has the same terminal, so
it writes one line of its own where the engine leaves its cursor: the line below the tree, which stays blank.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipway.plugin.engine_process import EngineProcess

if sys.platform != "win32":
    import termios

VARIABLE, OFF = "SLIPWAY_LIVE_LINE", "off"
SAVE, RESTORE, CLEAR_BELOW = "\0337", "\0338", "\033[J"


@dataclass(frozen=True)
class Terminal:
    """The terminal that the engine draws its tree on, if there is one: it is in raw mode then and nothing else draws.
    Nothing here fails or waits: a line that cannot be shown is left out."""

    process: EngineProcess
    path: Path = Path("/dev/tty")
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def width(self) -> int | None:
        """Columns; None where no tree is drawn."""
        with self._opened() as file:
            return os.get_terminal_size(file).columns if file is not None else None

    def draw(self, line: str) -> None:
        """Show the line in place of the last one. It must be shorter than the terminal is wide."""
        plain = line.encode("ascii", "replace").decode()
        text = "".join(one if one.isprintable() else " " for one in plain)
        with self._opened() as file:
            if file is not None:
                os.write(file, f"{SAVE}\r{text}{CLEAR_BELOW}{RESTORE}".encode())

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int | None]:
        file = self._open()
        try:
            with contextlib.suppress(OSError):
                yield file if file is not None and self._is_tree(file) else None
        finally:
            if file is not None:
                os.close(file)

    def _open(self) -> int | None:
        if sys.platform == "win32" or self.environment.get(VARIABLE) == OFF:
            return None
        try:
            return os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return None

    def _is_tree(self, file: int) -> bool:
        if sys.platform == "win32":
            return False
        try:
            modes = termios.tcgetattr(file)[3]
            group = os.tcgetpgrp(file)
        except (OSError, termios.error):
            return False
        # With TOSTOP a write from the background would stop this process.
        return not modes & (termios.ICANON | termios.TOSTOP) and group == self.process.group()
