"""`slipway analyze`: a recording through the production decision."""

from __future__ import annotations

import re
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from slipway.cli.options import show, with_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from slipway.release.errors import Problem
    from slipway.release.manifest.analysis import Analysis
    from slipway.release.manifest.guardrails import ClientFailures, ErrorRatio
    from slipway.rollout.analysis import Decision, Tick
    from slipway.rollout.analysis.replay import Replay

    Model = TypeVar("Model", bound=BaseModel)

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--counts", type=FILE, help="CSV: time, candidate_total, candidate_bad, baseline_total, baseline_bad.")
@click.option("--clients", type=FILE, help="CSV: time, side, client, bad; for clients that stick to one side.")
@click.option("--weights", help="The candidate's share in percent: 5, or steps such as 0s:5,2m:25,7m:100.")
@click.option("--cumulative/--per-tick", default=None, help="What --counts holds; decided by the totals if left out.")
@click.option("--tolerate", default="1.1", show_default=True, help="Tolerated ratio of the bad shares.")
@click.option("--negligible", default="0.1%", show_default=True, help="A bad share below this may be promoted.")
@click.option("--objective", help="Largest acceptable bad share, where no baseline runs beside the candidate.")
@click.option("--false-abort", default="1%", show_default=True, help="Alpha.")
@click.option("--false-promote", default="5%", show_default=True, help="Beta.")
@click.option(
    "--harm", default="10", show_default=True, help="Requests that may fail at the next weight; 0: unbounded."
)
@click.option("--warm-up", default="0s", show_default=True)
@click.option("--horizon", default="1h", show_default=True, help="The longest that a step may stay undecided.")
@click.option("--tick", default="2s", show_default=True, help="Length of a tick with --clients.")
@click.option("--dispersion", type=click.FloatRange(1.0, 1e6), help="phi of errors that come in clusters.")
@click.option("--first-release", is_flag=True, help="Nothing serves that the candidate could be compared with.")
@click.option("--trace", is_flag=True, help="Every look, not only the one that counts.")
@with_json
def analyze(
    counts: Path | None,
    clients: Path | None,
    weights: str | None,
    cumulative: bool | None,
    trace: bool,
    first_release: bool,
    dispersion: float | None,
    as_json: bool,
    **declared: str | None,
) -> None:
    """Replay a recording through the production decision: verdict, time and reason."""
    from slipway.rollout.analysis import begin
    from slipway.rollout.analysis.replay import replay
    from slipway.rollout.analysis.rules import Known

    if (counts is None) == (clients is None):
        raise click.UsageError("give either --counts or --clients")
    _refuse_unused(counts is not None)
    if dispersion is not None and isnan(dispersion):
        raise click.UsageError("--dispersion: nan is no number of 1 or more")
    guardrail, analysis = _declared(clients is not None, declared)
    notes: list[str] = []
    if counts is not None:
        ticks = _counts(counts, weights, cumulative, notes)
    else:
        assert clients is not None  # noqa: S101
        ticks = _clients(clients, weights, analysis)
    phi = {guardrail.name: dispersion} if dispersion is not None else {}
    if first_release:
        _refuse_baseline(ticks)
    known = Known(first_release, _plan(weights), phi)
    found = replay(begin((guardrail,), analysis, known=known), ticks)
    if as_json:
        show(_json(found, len(ticks), notes, trace))
        return
    for line in [*notes, *(_look(at, decision) for at, decision in found.trace if trace), *_text(found, len(ticks))]:
        click.echo(line)


def _plan(weights: str | None) -> tuple[float, ...]:
    """The weights of the plan: what follows a step decides what must be shown in it."""
    from slipway.cli.analyze_rows import read_weights

    return read_weights(weights).percents if weights is not None else ()


def _refuse_unused(counted: bool) -> None:
    """An option that would do nothing is a mistake."""
    names, needed = (("tick",), "--clients") if counted else (("cumulative", "objective", "dispersion"), "--counts")
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} goes with {needed} only")


def _refuse_baseline(ticks: Sequence[Tick]) -> None:
    """Were they kept, the candidate would be compared with what is said not to be there."""
    if any(counts.baseline.total for tick in ticks for counts in tick.counts.values()):
        raise click.UsageError("--first-release: the recording has events of a baseline; leave the option out")


def _declared(sticky: bool, declared: dict[str, str | None]) -> tuple[ErrorRatio | ClientFailures, Analysis]:
    """The guardrail and the settings, read by the same rules as in a manifest; all problems at once."""
    from slipway.release.errors import InputError
    from slipway.release.manifest.analysis import Analysis
    from slipway.release.manifest.guardrails import ClientFailures, ErrorRatio

    names = ("tolerate", "negligible") if sticky else ("tolerate", "negligible", "objective")
    kind = ("clients", "client-failures") if sticky else ("errors", "error-ratio")
    fields = {"name": kind[0], "kind": kind[1], **{name: declared[name] for name in names}}
    settings = {name: declared[name] for name in ("false_abort", "false_promote", "harm")}
    settings |= {name: _with_unit(declared[name]) for name in ("warm_up", "horizon", "tick")}
    problems: list[Problem] = []
    analysis = _read(Analysis, settings, problems)
    guardrail: ErrorRatio | ClientFailures | None
    guardrail = _read(ClientFailures, fields, problems) if sticky else _read(ErrorRatio, fields, problems)
    if analysis is None or guardrail is None:
        raise InputError("slipway analyze", problems)
    return guardrail, analysis


def _with_unit(duration: str | None) -> str | None:
    """Bare numbers are seconds on the command line."""
    return f"{duration}s" if duration and duration.replace(".", "", 1).isdigit() else duration


def _read(model: type[Model], values: dict[str, str | None], problems: list[Problem]) -> Model | None:
    from pydantic import ValidationError

    from slipway.release.errors import Problem

    try:
        return model.model_validate(values)
    except ValidationError as error:
        for found in error.errors():
            option = "--" + re.sub("[_A-Z]", lambda letter: "-" + letter[0].strip("_").lower(), str(found["loc"][-1]))
            said = found["msg"].removeprefix("Value error, ")
            problems.append(Problem(option, f"{said} (given: {found['input']})", "--help shows examples"))
        return None


def _counts(path: Path, weights: str | None, cumulative: bool | None, notes: list[str]) -> list[Tick]:
    from slipway.cli.analyze_counts import count_ticks
    from slipway.cli.analyze_rows import read_weights

    ticks, grown = count_ticks(path, read_weights(weights) if weights is not None else None, cumulative)
    if cumulative is None:
        kind, other = ("cumulative counters", "--per-tick") if grown else ("counts per tick", "--cumulative")
        notes.append(f"{path.name} was read as {kind} ({other} if that is wrong)")
    if weights is None:
        notes.append(f"weight {ticks[0].weight:.3g}%, the candidate's share of the traffic (--weights says otherwise)")
    return ticks


def _clients(path: Path, weights: str | None, analysis: Analysis) -> list[Tick]:
    from slipway.cli.analyze_clients import client_ticks
    from slipway.cli.analyze_rows import read_weights
    from slipway.rollout.measurement.measure import OBSERVED

    if weights is None:
        raise click.UsageError("--clients needs --weights: the designed share decides, not the traffic")
    return client_ticks(path, read_weights(weights), analysis.tick, OBSERVED * analysis.dwell)


def _text(found: Replay, ticks: int) -> list[str]:
    since = f", promotable since {found.passed_at:g}s" if found.passed_at is not None else ""
    return [
        f"{found.decision.verdict.value} at {found.at:g}s, look {found.looks} of {ticks}{since}",
        found.decision.reason,
    ]


def _look(at: float, decision: Decision) -> str:
    return f"{at:g}s {decision.verdict.value}: {decision.reason}"


def _json(found: Replay, ticks: int, notes: list[str], trace: bool) -> dict[str, Any]:
    finding = found.decision.findings[0]
    data: dict[str, Any] = {
        "verdict": found.decision.verdict.value,
        "time": found.at,
        "reason": found.decision.reason,
        "statistic": found.decision.statistic,
        "threshold": found.decision.threshold,
        "n": finding.n,
        "candidate_bad": finding.candidate_bad,
        "baseline_total": finding.baseline_total,
        "baseline_bad": finding.baseline_bad,
        "detectable": finding.detectable,
        "promote_statistic": finding.promote_statistic,
        "promote_threshold": finding.promote_threshold,
        "promotable_since": found.passed_at,
        "looks": found.looks,
        "ticks": ticks,
        "notes": notes,
    }
    if trace:
        data["trace"] = [
            {"time": at, "verdict": decision.verdict.value, "statistic": decision.statistic, "reason": decision.reason}
            for at, decision in found.trace
        ]
    return data
