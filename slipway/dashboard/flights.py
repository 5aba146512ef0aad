"""The card of one rollout: weights, bad share of both sides, evidence against threshold, time left. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.dashboard.flight import EXPOSURE, Flight, GuardrailState, StepState
from slipway.dashboard.html import Cell, Html, joined, meter, moment, pill, safe, table
from slipway.release.records.release_record import Series
from slipway.release.report.document import Plot, guardrail_plots, weight_plot
from slipway.release.report.svg import as_svg
from slipway.release.report.words import counted, lasting

SIGNS = {"PASS": "good", "FAIL": "bad", "INCONCLUSIVE": "plain", "ERROR": "warn"}
STATES = {"paused": "warn", "silent": "bad", "interrupted": "warn", "committed": "good", "aborted": "bad"}
ACTIONS = (("promote", "Promote"), ("pause", "Pause"), ("abort", "Abort"))
MOST_PLOTS = 9


def card(flight: Flight, identity: str, *, actions: bool = False) -> Html:
    """The whole card; `identity` is its id in the page."""
    name = safe(identity)
    why = f'<p class="why">{safe(flight.reason)}</p>' if flight.reason else ""
    return joined(
        f'<article class="card flight {safe(flight.state)}" id="{name}" aria-labelledby="{name}-t"><header>',
        f'<h3 id="{name}-t">{safe(flight.service)} <span class="soft">{_versions(flight)}</span></h3>',
        f"<p>{_words(flight)}</p></header>",
        _split(flight),
        "" if flight.running else why,
        _steps(flight),
        _facts(flight),
        _guardrails(flight.guardrails),
        why if flight.running else "",
        "".join(f'<p class="note">{safe(note)}</p>' for note in flight.notes),
        _buttons(flight) if actions and flight.running and flight.kind != EXPOSURE else "",
        _measured(flight, name),
        "</article>",
    )


def _versions(flight: Flight) -> str:
    return f"{safe(flight.before)} → {safe(flight.version)}" if flight.before else safe(flight.version)


def _words(flight: Flight) -> str:
    shown = [pill(flight.state, STATES.get(flight.state, "plain"))] if flight.state != "running" else []
    if flight.verdict:
        shown.append(pill(flight.verdict, SIGNS.get(flight.verdict, "plain")))
    elif flight.state == "running":
        shown.append(pill("no look yet", "plain"))
    return " ".join(shown)


def _split(flight: Flight) -> str:
    """The traffic as a bar: the new version from the left."""
    weight = min(100.0, max(0.0, flight.weight))
    beside = f"{100 - weight:.4g}% {flight.before}" if flight.before else "nothing served before"
    back = not flight.running and weight <= 0 and flight.before
    whole, part = ("All users get", "users") if flight.kind == EXPOSURE else ("All traffic is on", "traffic")
    said = f"{whole} {safe(flight.before)} again" if back else f"of the {part} to {safe(flight.version)}"
    number = "" if back else f"<strong>{weight:.4g}%</strong> "
    return (
        f'<div class="split"><p>{number}{said}</p>'
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" '
        f'aria-label="{weight:.4g}% {safe(flight.version)}, {safe(beside)}">'
        f'<rect class="old" width="100" height="8"/><rect class="new" width="{weight:.4g}" height="8"/></svg></div>'
    )


def _steps(flight: Flight) -> str:
    made = "".join(_step(step, reached=flight.running or step.state != "planned") for step in flight.steps)
    return f'<ol class="steps">{made}</ol>' if made else ""


def _step(step: StepState, *, reached: bool) -> str:
    now = ' aria-current="step"' if step.state == "current" else ""
    least = "at least " if step.state == "planned" else ""
    lasts = f"{least}{lasting(float(round(step.seconds)))}" if reached else "not reached"
    verdict = f", {safe(step.verdict)}" if step.verdict else ""
    return (
        f'<li class="{safe(step.state)}"{now}><strong>{safe(step.name)}</strong> '
        f'<span>{safe(lasts)}<span class="hidden">, {safe(step.state)}{verdict}</span></span></li>'
    )


def _facts(flight: Flight) -> str:
    rows = [("Step", f"{flight.step} of {len(flight.steps)}" if flight.step else "before the first")]
    if flight.running:
        rows.append(("Running for", lasting(float(round(flight.elapsed)))))
        if flight.left is not None:
            rows.append(("Left in this step", _at_least(flight.left)))
        if flight.left_in_all is not None:
            rows.append(("Left in all", _at_least(flight.left_in_all)))
        rows.append(("Run by", flight.by))
    else:
        rows.append(("Took", lasting(float(round(flight.elapsed)))))
        rows += [("Ended by", flight.by)] if flight.by else []
    shown = "".join(f"<div><dt>{safe(name)}</dt><dd>{safe(value)}</dd></div>" for name, value in rows)
    if flight.looked is not None:
        shown += f"<div><dt>Measured until</dt><dd>{moment(flight.looked)}</dd></div>"
    if flight.ended is not None:
        shown += f"<div><dt>Ended</dt><dd>{moment(flight.ended)}</dd></div>"
    return f'<dl class="facts">{shown}</dl>'


def _at_least(seconds: float) -> str:
    return f"at least {lasting(float(round(seconds)))}" if seconds >= 1 else "as soon as it is decided"


def _guardrails(guardrails: Sequence[GuardrailState]) -> str:
    if not guardrails:
        return ""
    rows = [
        (
            Cell(safe(one.name), head=True),
            Cell(safe(counted(one.bad, one.total, "bad"))),
            Cell(safe(counted(one.baseline_bad, one.baseline_total, "bad") if one.baseline_total else "-")),
            Cell(meter(one.evidence, one.threshold)),
            Cell(pill(one.verdict, SIGNS.get(one.verdict, "plain"))),
        )
        for one in guardrails
    ]
    return table("Guardrails", ("Guardrail", "New version", "Beside it", "Evidence against it", "Verdict"), rows)


def _measured(flight: Flight, name: str) -> str:
    """The plots; folded away once all is well."""
    made = "".join(as_svg(plot) for plot in _every(flight.series))
    if not made:
        return ""
    plots = f'<div class="plots">{made}</div>'
    if flight.state != "committed":
        return plots
    return f'<details id="{name}-plots"><summary>What was measured</summary>{plots}</details>'


def _every(series: Series) -> list[Plot]:
    return list(_each(series))[:MOST_PLOTS] if series.at else []


def _each(series: Series) -> Iterator[Plot]:
    yield weight_plot(series)
    for guardrail in series.guardrails:
        yield from guardrail_plots(guardrail, series)


def _buttons(flight: Flight) -> str:
    shown = [("resume", "Resume") if flight.state == "paused" and action == "pause" else (action, label)
             for action, label in ACTIONS]  # fmt: skip
    made = "".join(
        f'<button type="button" data-action="{action}" data-about="{safe(flight.service)}"'
        f' class="{action}">{label}</button>'
        for action, label in shown
    )
    return f'<p class="buttons">{made}</p>'
