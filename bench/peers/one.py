"""One run: a version that serves under load, the release of another, and how it ended."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from bench.peers.matrix import RATE, Cell, Fault
from bench.peers.measured import BASELINE, CANDIDATE, is_usual, measured
from bench.peers.store import Run
from bench.peers.systems import SYSTEMS
from bench.peers.systems.base import Site, State, Surroundings, System
from sandbox.errors import SandboxError
from sandbox.sample.load import Load, LoadOptions
from sandbox.sample.records import Counts

SETTLED = 15.0
"""Seconds of traffic before the release, so that every system has a baseline to look at."""
LONGEST = 1500.0
QUIET = 3.0
"""An aborted release is over when the candidate has not answered for so long."""


FAILURES = (SandboxError, httpx2.HTTPError, OSError, ValueError, subprocess.SubprocessError)
"""What a run that could not be done, or not be taken away, raises."""


def run(cell: Cell, number: int, around: Surroundings, say: Callable[[str], None]) -> Run:
    """Do it and take everything away again. Raises one of FAILURES when it could not be done. What could not be taken
    away is told, and does not make a run that was measured undone: the next benchmark tries again."""
    site = _site(cell, number, around.folder)
    system = SYSTEMS[cell.system](around, site)
    try:
        return _measure(cell, number, around, site, system)
    finally:
        _remove(system, site, say)


def _remove(system: System, site: Site, say: Callable[[str], None]) -> None:
    try:
        system.remove()
    except FAILURES as error:
        say(f"{site.namespace}: not taken away: {error}")


def _measure(cell: Cell, number: int, around: Surroundings, site: Site, system: System) -> Run:
    system.prepare(cell, {**cell.fault.usual, "SAMPLE_VERSION": BASELINE})
    options = LoadOptions(duration=LONGEST + 300.0, netns=Path(around.variables["SLIPWAY_NETNS"]))
    url = around.variables["SLIPWAY_GATEWAY_LOOPBACK_URL"]
    with Load(url, site.host, RATE, site.folder / "load.jsonl", options) as load:
        load.await_counts(lambda seen: steady(seen, cell.fault), 60.0, "no steady traffic")
        began = time.monotonic()
        system.release({**cell.fault.usual, **cell.fault.env, "SAMPLE_VERSION": CANDIDATE})
        state = around.patience.until(lambda: _read_end(system, load), LONGEST, "release", "not ended")
        ended = time.monotonic() - began
        counts = load.await_counts(
            _quiet if state == "aborted" else lambda _: True, 120.0, "the candidate still answers"
        )
    found = measured(counts, cell.fault, aborted=state == "aborted")
    if not found.undisturbed:
        raise SandboxError("machine", "it did not keep up with the traffic", "try with fewer runs at once (--most)")
    return Run(
        system=cell.system,
        settings=cell.setting.name,
        fault=cell.fault.name,
        number=number,
        aborted=state == "aborted",
        seconds_to_safe=found.seconds_to_safe,
        client_failures=found.client_failures,
        seconds_to_end=ended,
        said=system.said(),
        at=time.time(),
    )


def steady(seen: Counts, fault: Fault) -> bool:
    """Traffic for long enough, and the serving version has answered everything in the last five seconds of it, be it
    with its usual errors."""
    recent = [one for one in seen.intervals if one.count(BASELINE)]
    if len(recent) < SETTLED:
        return False
    failures = seen.failures_between(recent[-5].start, recent[-1].end)
    return all(is_usual(failure, fault) for failure in failures)


def _read_end(system: System, load: Load) -> State | None:
    load.snapshot()
    return None if (state := system.state()) == "progressing" else state


def _quiet(seen: Counts) -> bool:
    last = seen.last_response(CANDIDATE)
    return last is None or (bool(seen.intervals) and seen.intervals[-1].end - last > QUIET)


def _site(cell: Cell, number: int, folder: Path) -> Site:
    """A namespace that no earlier try of this run has used: deletion takes its time."""
    name = f"peers-{cell.name}-{number}-{int(time.time()) % 100_000}"
    place = folder / "runs" / name
    place.mkdir(parents=True, exist_ok=True)
    return Site(name, f"{name}.example", place)
