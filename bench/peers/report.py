"""The cells' medians: out/bench/peers.json and a table in Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from bench.peers.matrix import FAULTS, HEALTHY, OURS, SETTINGS, SYSTEMS
from bench.peers.measured import median
from bench.peers.store import Run


@dataclass(frozen=True)
class Row:
    """One cell: medians over its runs. `aborted` counts runs; `seconds_to_safe` is None when no run was aborted, and
    `seconds_to_complete` when none completed."""

    system: str
    settings: str
    fault: str
    runs: int
    seconds_to_safe: float | None
    client_failures: float
    aborted: int
    seconds_to_complete: float | None


def rows(runs: Iterable[Run]) -> list[Row]:
    """A row for each cell that has a run, in the order of the matrix."""
    cells: dict[tuple[str, str, str], list[Run]] = defaultdict(list)
    for run in runs:
        cells[run.settings, run.fault, run.system].append(run)
    order = [(s.name, f.name, system) for s in SETTINGS for f in FAULTS for system in SYSTEMS]
    return [_row(cells[key]) for key in order if key in cells]


def _row(runs: Sequence[Run]) -> Row:
    first = runs[0]
    return Row(
        system=first.system,
        settings=first.settings,
        fault=first.fault,
        runs=len(runs),
        seconds_to_safe=_rounded(median([run.seconds_to_safe for run in runs if run.seconds_to_safe is not None])),
        client_failures=median([float(run.client_failures) for run in runs]) or 0.0,
        aborted=sum(run.aborted for run in runs),
        seconds_to_complete=_rounded(median([run.seconds_to_end for run in runs if not run.aborted])),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def as_json(found: Sequence[Row]) -> list[dict[str, object]]:
    """What out/bench/peers.json holds."""
    return [asdict(row) for row in found]


def table(found: Sequence[Row]) -> str:
    """Markdown: a row for each fault and setting, a group of columns for each system."""
    cells = {(row.settings, row.fault, row.system): row for row in found}
    names = [system for system in SYSTEMS if any(row.system == system for row in found)]
    head = ["Settings", "Fault", *names]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for setting in SETTINGS:
        for fault in FAULTS:
            entries = [cells.get((setting.name, fault.name, name)) for name in names]
            if any(entries):
                told = [_told(entry) for entry in entries]
                lines.append(f"| {setting.name} | {fault.name} | {' | '.join(told)} |")
    return "\n".join(lines)


def _told(row: Row | None) -> str:
    if row is None:
        return "not run"
    count = f"{row.aborted} of {row.runs} aborted"
    if row.fault in HEALTHY:
        return f"{count}; {_seconds(row.seconds_to_complete)} to complete"
    if row.seconds_to_safe is None:
        return f"{count}; {row.client_failures:g} failed until it was complete"
    where = " where aborted" if row.aborted < row.runs else ""
    return f"{count}; safe after {_seconds(row.seconds_to_safe)}{where}, {row.client_failures:g} failed"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"


@dataclass(frozen=True)
class Promise:
    """What Slipway is to keep beside the better peer, at the documented settings: on every fault that the peer caught
    in most runs at most `share` of its failed requests, no more healthy releases aborted, and these at most `slower`
    seconds slower, where that is said."""

    share: float
    slower: float | None = None


PROMISE = Promise(1 / 5)
SELDOM_SCRAPED = Promise(1 / 10, slower=60.0)
"""With a Prometheus that scrapes every 15 s. A minute is what Slipway watches at 100%."""


def kept(found: Sequence[Row], promise: Promise = PROMISE) -> list[str]:
    """Where Slipway, by either of its sources, does not keep the promise, as sentences. What of Slipway was not
    measured is no promise kept."""
    documented = [row for row in found if row.settings == "documented"]
    mine = {(row.system, row.fault): row for row in documented if row.system in OURS}
    peers: dict[str, list[Row]] = defaultdict(list)
    for row in documented:
        if row.system not in OURS:
            peers[row.fault].append(row)
    systems = [system for system in OURS if any(row.system == system for row in documented)] or [OURS[0]]
    problems = [
        _problem(system, fault, mine.get((system, fault)), rows, promise)
        for fault, rows in peers.items()
        for system in systems
    ]
    return [problem for problem in problems if problem]


def _problem(system: str, fault: str, mine: Row | None, peers: Sequence[Row], promise: Promise) -> str:
    """What of the promise one fault breaks; empty when nothing."""
    if mine is None:
        return f"{fault}: not measured with {system}"
    if fault in HEALTHY:
        return _healthy_problem(fault, mine, peers, promise)
    caught = [peer.client_failures for peer in peers if peer.aborted * 2 > peer.runs]
    if not caught:
        return ""
    if mine.aborted * 2 <= mine.runs:
        return f"{fault}: a peer caught it, {system} did in {mine.aborted} of {mine.runs} runs"
    if mine.client_failures > min(caught) * promise.share:
        return f"{fault}: {mine.client_failures:g} failed requests with {system}, the better peer had {min(caught):g}"
    return ""


def _healthy_problem(fault: str, mine: Row, peers: Sequence[Row], promise: Promise) -> str:
    if mine.aborted / mine.runs > min(peer.aborted / peer.runs for peer in peers):
        return f"{fault}: {mine.aborted} of {mine.runs} aborted with {mine.system}"
    took = [peer.seconds_to_complete for peer in peers if peer.seconds_to_complete is not None]
    if promise.slower is None or mine.seconds_to_complete is None or not took:
        return ""
    if mine.seconds_to_complete > min(took) + promise.slower:
        took_mine = f"{mine.seconds_to_complete:g} s to complete with {mine.system}"
        return f"{fault}: {took_mine}, the better peer took {min(took):g}"
    return ""
