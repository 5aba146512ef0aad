"""How `slipway status --follow` looks: a screen of any width, a line or a JSON value for each change. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from slipway.dashboard.flight import Flight, GuardrailState, StepState
from slipway.dashboard.news import Change, flight_in, flights_in
from slipway.release.findings import plain
from slipway.release.records.release_record import Series
from slipway.release.report.words import counted, lasting, sparkline
from slipway.release.units import show_moment, show_share
from slipway.rollout.inspection import Inspection
from slipway.rollout.overview import Seen, TargetView

ROOMY = 100
"""Columns from which on the course of weights and shares is drawn beside the numbers."""
COURSE = 24
"""Characters of one course."""
METER = 10
STYLES = {
    "PASS": "green", "FAIL": "bold red", "ERROR": "yellow", "INCONCLUSIVE": "cyan", "paused": "yellow",
    "silent": "bold red", "interrupted": "yellow", "committed": "green", "aborted": "bold red", "running": "cyan",
}  # fmt: skip


def screen(view: TargetView, now: float, width: int) -> RenderableType:
    """Everything of one target, rollouts first."""
    flights = [_flight(one, width) for one in flights_in(view, now)]
    return Group(_title(view, now), *flights, *_watches(view), _services(view))


def _title(view: TargetView, now: float) -> Text:
    seen = view.services
    line = Text(f"{view.name} ({view.target})", style="bold")
    if seen.problem:
        since = f"; shown is what was read {lasting(max(0.0, now - seen.at))} ago" if seen.at else ""
        return line.append(f"  does not answer: {plain(seen.problem)}{since}", style="bold red")
    if seen.value is None:
        return line.append("  not read yet", style="dim")
    return line.append(f"  read at {show_moment(seen.at)}; Ctrl-C ends", style="dim")


# -- one rollout -------------------------------------------------------------------------------------------------------


def _flight(flight: Flight, width: int) -> RenderableType:
    rows: list[RenderableType] = [_heading(flight, width), _weight(flight, width)]
    if flight.steps:
        rows.append(Text("  ").join(_step(step, flight) for step in flight.steps))
    if flight.guardrails:
        rows.append(_guardrails(flight, width))
    rows += [Text(line, style=style) for line, style in _lines(flight)]
    return Padding(Group(*rows), (1, 0, 0, 0))


def _heading(flight: Flight, width: int) -> RenderableType:
    versions = f"{flight.before} → {flight.version}" if flight.before else flight.version
    state = flight.state if flight.state != "running" else flight.verdict or "no look yet"
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_column(justify="right", no_wrap=True)
    name = Text.assemble((plain(flight.service), "bold"), "  ", plain(versions))
    grid.add_row(name, Text(state, style=STYLES.get(state, "")))
    return grid


def _weight(flight: Flight, width: int) -> Text:
    """The traffic of the new version as a bar over the whole width."""
    number = f"{flight.weight:5.4g}% "
    step = f"  step {flight.step} of {len(flight.steps)}"
    room = max(8, width - len(number) - len(step))
    full = round(room * min(100.0, max(0.0, flight.weight)) / 100)
    return Text.assemble(number, ("━" * full, "dark_orange"), ("━" * (room - full), "blue"), step)


def _step(step: StepState, flight: Flight) -> Text:
    sign, style = {"done": (" ✓", "green"), "failed": (" ✗", "red"), "current": (" ▸", "bold")}.get(
        step.state, ("", "dim")
    )
    if step.state == "planned":
        lasts = f" ≥{lasting(float(round(step.seconds)))}" if flight.running else " not reached"
    else:
        lasts = f" {lasting(float(round(step.seconds)))}"
    return Text(f"{step.name}{sign}{lasts}", style=style)


def _guardrails(flight: Flight, width: int) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), show_edge=False, header_style="dim")
    for name in ("guardrail", "new version", "beside it"):
        table.add_column(name, overflow="fold")
    roomy = width >= ROOMY
    if roomy:
        table.add_column("bad share over time", no_wrap=True)
    table.add_column("evidence", no_wrap=True)
    for one in flight.guardrails:
        cells = [Text(plain(one.name), style=STYLES.get(one.verdict, "")), *map(Text, _counts(one))]
        course = [Text(_course(flight.series, one.name), style="dark_orange")] if roomy else []
        table.add_row(*cells, *course, _meter(one.evidence, one.threshold))
    return table


def _counts(one: GuardrailState) -> tuple[str, str]:
    beside = f"{one.baseline_bad:,} of {one.baseline_total:,} ({show_share(one.baseline_bad / one.baseline_total)})"
    return counted(one.bad, one.total, "bad").replace(" bad", ""), beside if one.baseline_total else "-"


def _course(series: Series, name: str) -> str:
    """The bad share of the new version over the whole rollout."""
    for guardrail in series.guardrails:
        if guardrail.name == name:
            pairs = zip(guardrail.bad, guardrail.total, strict=True)
            shares = [bad / total if bad is not None and total else None for bad, total in pairs]
            return sparkline(shares, max((one for one in shares if one is not None), default=0.0), COURSE)
    return ""


def _meter(evidence: float, threshold: float) -> Text:
    """Logarithmic, as evidence multiplies: full is the threshold."""
    numbers = f"{evidence:.3g} of {threshold:.3g}"
    if threshold <= 1:
        return Text("not tested", style="dim")
    part = min(1.0, math.log(max(1.0, evidence)) / math.log(threshold))
    style = "red" if part >= 1 else "yellow" if part >= 0.5 else "green"
    full = int(METER * part)
    return Text.assemble(("█" * full, style), ("░" * (METER - full), "dim"), f" {numbers}")


def _lines(flight: Flight) -> Iterator[tuple[str, str]]:
    if flight.running:
        yield f"running for {lasting(float(round(flight.elapsed)))}{_left(flight)}; {plain(flight.by)}", "dim"
    if flight.reason:
        yield plain(flight.reason), "" if flight.running else STYLES.get(flight.state, "")
    if flight.series.at:
        yield f"weights {sparkline(flight.series.weight, 100.0, COURSE)}", "dim"
    yield from ((plain(note), "yellow") for note in flight.notes)


def _left(flight: Flight) -> str:
    if flight.left_in_all is None:
        return ""
    step = f"{lasting(float(round(flight.left)))} in this step, " if flight.left is not None else ""
    return f", at least {step}{lasting(float(round(flight.left_in_all)))} in all left"


def _watches(view: TargetView) -> Iterator[RenderableType]:
    """One line for each watch after 100% that is open, with what stands against the release."""
    for seen in view.inspections.values():
        watch = seen.value.watching if seen.value is not None else None
        if seen.value is None or watch is None:
            continue
        left = lasting(float(round(max(0.0, watch.until - seen.value.now))))
        line = Text.assemble((plain(seen.value.service), "bold"), f"  watch {watch.phase.value}, {left} left  ")
        last = seen.value.evidence.last if seen.value.evidence is not None else None
        if last is not None and last.statistic is not None and last.threshold is not None:
            line.append(_meter(last.statistic, last.threshold))
        if seen.value.watch_problem is not None:
            line.append(f"  {plain(seen.value.watch_problem)}", style="bold red")
        yield Padding(line, (1, 0, 0, 0))


# -- services ----------------------------------------------------------------------------------------------------------


def _services(view: TargetView) -> RenderableType:
    if not view.inspections:
        return Text("no service was released here yet" if view.services.value is not None else "", style="dim")
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), show_edge=False, header_style="dim")
    for name, ratio in (("service", 1), ("serves", 2), ("state", 3)):
        table.add_column(name, ratio=ratio, overflow="fold")
    for service, seen in view.inspections.items():
        table.add_row(Text(plain(service)), Text(_serves(seen.value)), _state(seen))
    return Padding(table, (1, 0, 0, 0))


def _serves(found: Inspection | None) -> str:
    serving = found.head.serving if found is not None and found.head is not None else None
    return plain(serving.backend.label) if serving is not None else "-"


def _state(seen: Seen[Inspection]) -> Text:
    if seen.problem:
        since = f" (shown is what was read at {show_moment(seen.at)})" if seen.at else ""
        return Text(f"not read: {plain(seen.problem)}{since}", style="bold red")
    found = seen.value
    if found is not None and found.problem is not None:
        return Text(plain(found.problem), style="yellow")
    flying = found is not None and found.head is not None and found.head.unfinished
    return Text("rollout in flight" if flying else "as released", style="cyan" if flying else "green")


# -- one change --------------------------------------------------------------------------------------------------------


def line_of(change: Change) -> str:
    """One line without a terminal: `2026-11-26 18:45:08Z checkout: 25% to 2.0, step 2 of 4`."""
    return f"{show_moment(change.at)} {plain(str(change))}"


def as_json(change: Change, view: TargetView) -> dict[str, Any]:
    """One change with the rollout as it is after it, None where the change is about something else."""
    flight = flight_in(view, change.about, change.at) if change.about else None
    rollout = None
    if flight is not None:
        rollout = {key: value for key, value in asdict(flight).items() if key != "series"}
    return {**asdict(change), "rollout": rollout}
