"""Watches after 100%: what stands against each release, how long it goes on, and whether a process watches. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.dashboard.html import Cell, Html, meter, moment, pill, safe, table
from slipway.release.records.watch import WatchEntry, WatchPhase, describe_entry
from slipway.release.report.words import lasting
from slipway.rollout.inspection import Inspection
from slipway.rollout.overview import TargetView

PHASES = {
    WatchPhase.OPEN: "plain",
    WatchPhase.BREACHED: "bad",
    WatchPhase.ROLLED_BACK: "bad",
    WatchPhase.ESCALATED: "bad",
    WatchPhase.PASSED: "good",
    WatchPhase.SUPERSEDED: "plain",
}


def watches(view: TargetView) -> Iterator[Html]:
    """A table of the last watch of each service; nothing where there is none."""
    rows = [_row(found, watch) for found, watch in _each(view)]
    if rows:
        columns = ("Release", "Watch", "Left", "Evidence against it", "Watched by")
        yield Html(f"<h3>Watches after 100%</h3>{table('Watches after 100%', columns, rows)}")


def _each(view: TargetView) -> Iterator[tuple[Inspection, WatchEntry]]:
    for seen in view.inspections.values():
        found = seen.value
        watch = found.head.watch if found is not None and found.head is not None else None
        if found is not None and watch is not None:
            yield found, watch


def _row(found: Inspection, watch: WatchEntry) -> tuple[Cell, ...]:
    said = found.evidence if found.evidence is not None and found.evidence.watch == watch.id else None
    last = said.last if said is not None else None
    tells = watch.reason or (last.reason if last is not None else "") or describe_entry(watch)
    left = lasting(float(round(max(0.0, watch.until - found.now)))) if watch.unfinished else "-"
    evidence, by = "-", "-"
    if last is not None and last.statistic is not None and last.threshold is not None:
        evidence = meter(last.statistic, last.threshold)
    if found.watch_problem is not None:
        by = f"{pill('dead', 'bad')} {safe(found.watch_problem)}"
    elif said is not None and said.beat and watch.unfinished:
        by = f"{safe(said.by)}, heard at {moment(said.beat)}"
    return (
        Cell(f"{safe(found.service)} {safe(watch.backend.version)}", head=True),
        Cell(f'{pill(watch.phase.value, PHASES[watch.phase])} <span class="reason">{safe(tells)}</span>'),
        Cell(safe(left)),
        Cell(evidence),
        Cell(by),
    )
