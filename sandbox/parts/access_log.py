"""The keeper of the gateway's access log: Envoy only appends, so another process must keep the file small."""

from __future__ import annotations

import sys
from pathlib import Path

from sandbox.context import Context
from sandbox.parts import trim
from sandbox.parts.part import Part
from sandbox.state import link_atomically

MOST_BYTES = 64 * 1024 * 1024
"""About 400,000 requests. A reader that looks each second loses at most the second before the file was emptied."""


def part(context: Context) -> Part:
    """A process that empties the file when it is too large. Envoy appends (O_APPEND), so it goes on at the front."""
    # By a name of its own: a part is known by its program, and the machine's Python may run other things in there.
    interpreter = context.paths.root / "bin" / "access-log-keeper"
    interpreter.parent.mkdir(parents=True, exist_ok=True)
    link_atomically(interpreter, Path(sys.executable).resolve())
    return Part(
        name="access-log",
        argv=[str(interpreter), "-I", "-S", str(trim.__file__), str(context.paths.access_log), str(MOST_BYTES)],
        ready=lambda: True,
        niceness=10,
        listens=str(context.paths.access_log),
    )
