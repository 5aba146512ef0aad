"""A report as a document of a few kinds of blocks, which Markdown and HTML render each in its own way. Pure.

What is said is decided here, once; a rendering only decides how it looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from slipway.release.manifest.plan import name_of_step
from slipway.release.records.release_record import GuardrailSeries, Series
from slipway.release.report.model import GuardrailLine, Report, StepLine, WatchPart
from slipway.release.report.words import against_limit, counted, lasting, measured
from slipway.release.units import show_moment, show_share

Column = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`empty` is said in place of a table without rows."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = "none"


@dataclass(frozen=True, slots=True)
class Items:
    """A list; `empty` is said in place of an empty one."""

    items: tuple[str, ...]
    empty: str = "none"


@dataclass(frozen=True, slots=True)
class Marks:
    """Small labels in a row: text, and whether it is `good`, `bad` or `plain`."""

    marks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a plot. `role` says what it is: candidate, baseline, limit."""

    name: str
    role: str
    values: Column


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves over seconds since the rollout began. `unit` is share, seconds, percent or number; with `steps` a value
    holds for the stretch that ends at its time; `marks` are times with a name, such as changes of the weight."""

    title: str
    unit: str
    at: tuple[float, ...]
    curves: tuple[Curve, ...]
    steps: bool = False
    log: bool = False
    marks: tuple[tuple[float, str], ...] = ()


Block: TypeAlias = Text | Facts | Table | Items | Marks | Plot


@dataclass(frozen=True, slots=True)
class Section:
    """One of the six parts."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. `ending` is the word for the outcome."""

    title: str
    ending: str
    headline: str
    lead: tuple[Block, ...]
    sections: tuple[Section, ...]
    foot: str


def document_of(report: Report) -> Document:
    """The document of a report: what happened first, then the six parts in their order."""
    who = (("Service", f"{report.service} in {report.target}, stack {report.stack}"), ("Version", report.version))
    what = (("Artifact", report.digest), ("Revision", report.revision), ("Manifest", report.manifest or "unknown"))
    whose = (("Released by", report.by), ("Owner", report.owner), ("Runbook", report.runbook))
    return Document(
        title=f"{report.service} {report.version}",
        ending=f"{report.ending}, rolled back" if report.rollback.is_undone else report.ending,
        headline=report.headline,
        lead=(*(Text(paragraph) for paragraph in report.explanation), Facts((*who, *what, *whose))),
        sections=(
            Section("1. Scope and risk level", tuple(_scope(report))),
            Section("2. Gate results", tuple(_gates(report))),
            Section("3. Strategy and timeline", tuple(_strategy(report))),
            Section("4. Observability and health", tuple(_health(report))),
            Section("5. Rollback status", tuple(_rollback(report))),
            Section("6. Follow-up action items", tuple(_actions(report))),
        ),
        foot=f"Release record {report.seq}, SHA-256 {report.hash}",
    )


def _scope(report: Report) -> Iterator[Block]:
    scope = report.scope
    yield Text(scope.summary)
    yield Facts((("Risk", scope.risk), ("Size", scope.size), ("Author", scope.author), ("Reach", scope.reach)))
    rows = tuple(
        (change.id, change.kind, change.risk, change.flag or "-", change.committed_at or "unknown")
        for change in scope.changes
    )
    yield Table(("Change", "Kind", "Risk", "Flag", "Committed"), rows, "no tracked change")
    factors = tuple((factor.name, f"{factor.points:g}", factor.found) for factor in scope.factors)
    yield Table(("Factor of the risk", "Points", "Found"), factors, "no factor of risk is known")


def _gates(report: Report) -> Iterator[Block]:
    gates, verdict = report.gates, report.gates.verdict
    yield Facts((("Outcome", gates.outcome),))
    if verdict is not None:
        yield Facts((("Configuration", verdict.configuration or "none"), ("Its SHA-256", verdict.sha256 or "unknown")))
        yield Marks(tuple(_mark(gate, verdict.advisory, [e.get("finding", "") for e in verdict.exempted], gates.outcome)
                          for gate in verdict.gates))  # fmt: skip
        if verdict.advisory:
            yield Items(tuple(f"advisory: {text}" for text in verdict.advisory))
        rows = tuple((e.get("finding", ""), e.get("owner", ""), e.get("ticket", ""), e.get("expires", ""))
                     for e in verdict.exempted)  # fmt: skip
        if rows:
            yield Table(("Passed by exemption", "Owner", "Ticket", "Expires"), rows)
    said = tuple((word.role, word.said, word.by, word.at) for word in gates.words)
    yield Table(("Role", "Said", "By", "At"), said, "no approval is on record")
    evidence = tuple((line.kind, line.path, line.signer, line.sha256[:12]) for line in gates.evidence)
    yield Table(("Evidence", "File", "Signed by", "SHA-256"), evidence, "no evidence is on record")


def _mark(gate: str, advisory: Sequence[str], exempted: Sequence[str], outcome: str) -> tuple[str, str]:
    named = [text for text in (*advisory, *exempted) if text.partition("/")[0] == gate]
    if named:
        return f"{gate}: {'exempted' if named[0] in exempted else 'advisory'}", "bad"
    return (gate, "good" if outcome in ("passed", "settled") else "plain")


def _strategy(report: Report) -> Iterator[Block]:
    part = report.strategy
    took = lasting(max(0.0, part.ended - part.began))
    yield Facts(
        (
            ("Carried out", f"{part.kind}, {part.course}"),
            ("Planned", part.planned),
            ("Recommended", part.recommended or "unknown"),
            ("From", f"{show_moment(part.began)} to {show_moment(part.ended)} ({took})"),
        )
    )
    yield Table(
        ("Step", "Weight", "Began", "For", "New version", "Beside it", "Verdict"),
        tuple(_step(step) for step in part.steps),
        "no step was begun",
    )
    if part.watch is not None:
        yield from _watch(part.watch)
    series = report.health.series
    if series.at:
        yield weight_plot(series)


def weight_plot(series: Series) -> Plot:
    """The weight of the new version over time."""
    weights = Curve("weight of the new version", "candidate", series.weight)
    return Plot("Weight over time", "percent", series.at, (weights,), steps=True)


def _watch(watch: WatchPart) -> Iterator[Block]:
    yield Facts((("Watch", watch.planned), ("Its outcome", watch.status)))
    yield Table(("When", "What", "By"), tuple((show_moment(one.at), one.what, one.by) for one in watch.moments))
    rows = tuple(
        (
            one.name,
            counted(one.bad, one.total, "events"),
            counted(one.baseline_bad, one.baseline_total, "events") if one.baseline_total else "-",
            "-" if one.evidence is None or one.threshold is None else against_limit(one.evidence, one.threshold),
        )
        for one in watch.counts
    )
    yield from (Text(f"{one.name}: {one.sample}.") for one in watch.counts if one.sample)
    if rows:
        yield Table(("Guardrail of the watch", "New version", "Hold-back", "Evidence against it"), rows)


def _step(step: StepLine) -> tuple[str, ...]:
    what = step.counted
    mine = f"{step.bad:,} {what} failed" if what == "clients" else counted(step.bad, step.requests, what)
    beside = counted(step.baseline_bad, step.baseline_requests) if what == "requests" else "-"
    length = lasting(step.seconds) if step.seconds is not None else "not ended"
    return (
        f"{step.number}",
        name_of_step(step.weight, step.mirror),
        show_moment(step.at),
        length,
        mine,
        beside,
        step.verdict,
    )


def _health(report: Report) -> Iterator[Block]:
    health = report.health
    yield Table(
        ("Guardrail", "Declares", "New version", "Beside it", "Evidence against it"),
        tuple(_guardrail(line) for line in health.guardrails),
        "no guardrail is on record",
    )
    if health.caveat:
        yield Text(f"Not claimed: {health.caveat}")
    if health.notes:
        yield Items(health.notes)
    if not health.series.at:
        yield Text("Nothing was measured: the rollout had no measured step, or its ticks were gone before the record.")
    for guardrail in health.series.guardrails:
        yield from guardrail_plots(guardrail, health.series)
    rows = tuple((measure.name, measured(measure)) for measure in report.dora.measures)
    span = f"{show_moment(report.dora.since)} to {show_moment(report.dora.until)}"
    yield Text(f"Delivery of this service, {span}:")
    yield Facts(rows)


def _guardrail(line: GuardrailLine) -> tuple[str, ...]:
    if line.evidence is None or line.threshold is None:
        evidence = "none"
    else:
        evidence = f"{against_limit(line.evidence, line.threshold)}{', CROSSED' if line.crossed else ''}"
    what = "clients" if line.kind == "client-failures" else "events"
    return (
        f"{line.name} ({line.kind})" if line.kind != line.name else line.name,
        line.limit,
        counted(line.bad, line.total, what),
        counted(line.baseline_bad, line.baseline_total, what),
        evidence,
    )


def guardrail_plots(guardrail: GuardrailSeries, series: Series) -> Iterator[Plot]:
    """Bad share of both sides, evidence against threshold, and response times, as far as they were measured."""
    marks = _changes(series)
    mine, beside = _shares(guardrail.bad, guardrail.total), _shares(guardrail.baseline_bad, guardrail.baseline_total)
    if any(value is not None for value in (*mine, *beside)):
        curves = (Curve("new version", "candidate", mine), Curve("beside it", "baseline", beside))
        yield Plot(f"{guardrail.name}: bad share", "share", series.at, _with_values(curves), marks=marks)
    against = (
        Curve("evidence against the release", "candidate", guardrail.evidence),
        Curve("threshold", "limit", guardrail.threshold),
    )
    if any(value is not None for value in guardrail.evidence):
        yield Plot(f"{guardrail.name}: evidence", "number", series.at, against, log=True, marks=marks)
    times = (Curve("new version", "candidate", guardrail.p95), Curve("beside it", "baseline", guardrail.baseline_p95))
    if guardrail.p95 or guardrail.baseline_p95:
        title = f"{guardrail.name}: 95th percentile"
        yield Plot(title, "seconds", series.at, _with_values(times), marks=marks)


def _with_values(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    return tuple(curve for curve in curves if any(value is not None for value in curve.values))


def _shares(bad: Sequence[int | None], total: Sequence[int | None]) -> Column:
    return tuple(b / t if b is not None and t else None for b, t in zip(bad, total, strict=True))


def _changes(series: Series) -> tuple[tuple[float, str], ...]:
    """Where the weight changed."""
    pairs = zip(series.at, series.weight, series.weight[1:], strict=False)
    return tuple((at, f"{after:.4g}%") for at, before, after in pairs if before != after)


def _rollback(report: Report) -> Iterator[Block]:
    part = report.rollback
    yield Facts(
        (
            ("Status", part.status),
            ("Serves after it", part.serves),
            ("Way back", part.way_back),
            ("Declared limit", part.limit),
        )
    )
    yield Items(tuple(f"constraint: {text}" for text in part.constraints), "no constraint of the rollback is declared")
    if part.compensations:
        yield Items(tuple(f"compensation: {text}" for text in part.compensations))
    rows = tuple((line.id, line.phase, line.back) for line in part.migrations)
    yield Table(("Migration", "Phase", "Way back"), rows, "no migration")


def _actions(report: Report) -> Iterator[Block]:
    rows = tuple((item.due, item.priority, item.what, item.owner, item.why) for item in report.actions)
    yield Table(("Due", "Priority", "What", "Owner", "Why"), rows, "nothing is left to do")


def show_value(value: float, unit: str) -> str:
    """A value of a plot."""
    if unit == "share":
        return show_share(value)
    if unit == "percent":
        return f"{value:.4g}%"
    return lasting(value) if unit == "seconds" and value >= 1 else f"{value * 1000:.4g}ms" if unit == "seconds" else (
        f"{value:.4g}"
    )  # fmt: skip
