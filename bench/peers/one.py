"""One run: a version that serves under load, the release of another, and how it ended."""

from __future__ import annotations

import time
from pathlib import Path

from bench.peers.matrix import RATE, Cell
from bench.peers.measured import BASELINE, CANDIDATE, measured
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


def run(cell: Cell, number: int, around: Surroundings) -> Run:
    """Do it and take everything away again. Raises SandboxError or httpx errors when it could not be done."""
    site = _site(cell, number, around.folder)
    system = SYSTEMS[cell.system](around, site)
    try:
        return _measure(cell, number, around, site, system)
    finally:
        system.remove()


def _measure(cell: Cell, number: int, around: Surroundings, site: Site, system: System) -> Run:
    system.prepare(cell, {**cell.fault.usual, "SAMPLE_VERSION": BASELINE})
    options = LoadOptions(duration=LONGEST + 300.0, netns=Path(around.variables["SLIPWAY_NETNS"]))
    url = around.variables["SLIPWAY_GATEWAY_LOOPBACK_URL"]
    with Load(url, site.host, RATE, site.folder / "load.jsonl", options) as load:
        load.await_counts(_steady, 60.0, "no steady traffic")
        began = time.monotonic()
        system.release({**cell.fault.usual, **cell.fault.env, "SAMPLE_VERSION": CANDIDATE})
        state = around.patience.until(lambda: _ended(system, load), LONGEST, "release", "not ended")
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


def _steady(seen: Counts) -> bool:
    """So many seconds in a row in which the serving version answered everything."""
    recent = [one for one in seen.intervals if one.count(BASELINE)]
    return len(recent) >= SETTLED and not seen.failures_between(recent[-5].start, recent[-1].end)


def _ended(system: System, load: Load) -> State | None:
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
