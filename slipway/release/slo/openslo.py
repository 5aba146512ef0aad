"""An OpenSLO v1 document of kind SLO -> an objective. What it says and an objective cannot is refused by its name.

OpenSLO knows neither runbook nor dashboard nor the owner on call: they are annotations (`slipway.dev/owner`,
`slipway.dev/runbook`, `slipway.dev/dashboard`). https://github.com/OpenSLO/OpenSLO
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator

from slipway.release.errors import InputError, Problem
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.document import Document, Location, show_location
from slipway.release.manifest.problems import problems_of
from slipway.release.slo.model import Slo
from slipway.release.slo.promql import counting_refusal

ANNOTATION = "slipway.dev/"
_SUM = re.compile(r"\s*sum\s*\((.*)\)\s*", re.DOTALL)
_DURATION = re.compile(r"([0-9]+)([dw])")

REMEDIES: Mapping[str, str] = {
    "kind": "Write kind: SLO; other kinds of OpenSLO are not read, so write the indicator inline",
    "metadata.name": "Write metadata: {name: checkout-availability}",
    "metadata.annotations": f"Write annotations: {{{ANNOTATION}owner: team-checkout, "
    f"{ANNOTATION}runbook: https://..., {ANNOTATION}dashboard: https://...}}",
    "spec.timeWindow": "Write timeWindow: [{duration: 30d, isRolling: true}]",
    "spec.objectives": "Write objectives: [{target: 0.999}]; several objectives are several documents",
    "spec.indicator": "Write indicator: {spec: {ratioMetric: {counter: true, good: ..., total: ...}}}",
}

UNSAID: Mapping[str, str] = {
    "raw": "A ratio that was computed already has no events to sum: name good and total",
    "rawType": "It belongs to raw: name good and total",
    "thresholdMetric": "A threshold counts no events: count those within it as good, in ratioMetric",
    "calendar": "The budget is one of a rolling window: leave calendar out, and write isRolling: true",
    "op": "It compares a threshold: leave it out",
    "value": "It compares a threshold: leave it out",
    "timeSliceTarget": "Slices of time are no events: leave it out, and write budgetingMethod: Occurrences",
    "timeSliceWindow": "Slices of time are no events: leave it out, and write budgetingMethod: Occurrences",
    "compositeWeight": "An objective has one indicator: write a document for each",
    "indicatorRef": "Other documents are not read: write the indicator inline in spec.indicator",
    "alertPolicies": "A policy has no long and short window: leave it out, the objective brings its alarms along",
}
"""What OpenSLO can say and an objective cannot, and what to write instead."""


def _counter(query: str) -> str:
    """OpenSLO's query of a counter is often the sum of one; events are counted for each series, so the sum goes."""
    summed = _SUM.fullmatch(query)
    bare = query if summed is None or counting_refusal(summed[1]) is not None else summed[1]
    if (problem := counting_refusal(bare)) is not None:
        raise ValueError(problem)
    return bare


class Metadata(FrozenModel):
    """Names, and what OpenSLO has no fields for."""

    name: str
    display_name: str | None = None
    labels: dict[str, Any] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)

    @field_validator("annotations")
    @classmethod
    def _acts(cls, annotations: dict[str, str]) -> dict[str, str]:
        missing = [f"{ANNOTATION}{name}" for name in ("owner", "runbook", "dashboard")]
        missing = [name for name in missing if name not in annotations]
        if missing:
            raise ValueError(f"lacks {', '.join(missing)}")
        return annotations


class SourceSpec(FrozenModel):
    """A query."""

    query: Annotated[str, AfterValidator(_counter)]


class MetricSource(FrozenModel):
    """Where events are counted."""

    type: Literal["Prometheus", "prometheus"] = "Prometheus"
    metric_source_ref: str | None = None
    spec: SourceSpec


class Metric(FrozenModel):
    """One count."""

    metric_source: MetricSource


class RatioMetric(FrozenModel):
    """Good or bad events of all."""

    counter: bool
    total: Metric
    good: Metric | None = None
    bad: Annotated[Metric | None, Field(validate_default=True)] = None

    @field_validator("counter")
    @classmethod
    def _counts(cls, counter: bool) -> bool:
        if not counter:
            raise ValueError("must be true: only counters can be summed over any window")
        return counter

    @field_validator("bad")
    @classmethod
    def _one_of_both(cls, bad: Metric | None, info: ValidationInfo) -> Metric | None:
        if "good" in info.data and (bad is None) == (info.data["good"] is None):
            raise ValueError("exactly one of good and bad is needed")
        return bad


class IndicatorSpec(FrozenModel):
    """How it is measured."""

    description: str | None = None
    ratio_metric: RatioMetric


class Indicator(FrozenModel):
    """An indicator, written inline."""

    metadata: dict[str, Any] = Field(default_factory=dict)
    spec: IndicatorSpec


class TimeWindow(FrozenModel):
    """The period."""

    duration: str
    is_rolling: bool

    @field_validator("is_rolling")
    @classmethod
    def _rolls(cls, is_rolling: bool) -> bool:
        if not is_rolling:
            raise ValueError("must be true: the budget is one of a rolling window")
        return is_rolling

    @field_validator("duration")
    @classmethod
    def _in_days(cls, duration: str) -> str:
        if _DURATION.fullmatch(duration) is None:
            raise ValueError("must be a number of days or weeks, such as 30d or 4w")
        return duration


class Objective(FrozenModel):
    """The share that is promised."""

    display_name: str | None = None
    target: float | None = None
    target_percent: Annotated[float | None, Field(validate_default=True)] = None

    @field_validator("target_percent")
    @classmethod
    def _one_of_both(cls, percent: float | None, info: ValidationInfo) -> float | None:
        if "target" in info.data and (percent is None) == (info.data["target"] is None):
            raise ValueError("exactly one of target and targetPercent is needed")
        return percent


class Spec(FrozenModel):
    """The objective."""

    description: str | None = None
    service: str
    indicator: Indicator
    time_window: Annotated[tuple[TimeWindow, ...], Field(min_length=1, max_length=1)]
    budgeting_method: Literal["Occurrences"]
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1, max_length=1)]


class OpenSlo(FrozenModel):
    """The document."""

    api_version: Literal["openslo/v1"]
    kind: Literal["SLO"]
    metadata: Metadata
    spec: Spec


OWNER: Location = ("metadata", "annotations", f"{ANNOTATION}owner")
_PLACES: Mapping[str, Location] = {
    "name": ("metadata", "name"),
    "service": ("spec", "service"),
    "objective": ("spec", "objectives", 0),
    "period": ("spec", "timeWindow", 0, "duration"),
    "events": ("spec", "indicator"),
    "owner": OWNER,
    "runbook": ("metadata", "annotations", f"{ANNOTATION}runbook"),
    "dashboard": ("metadata", "annotations", f"{ANNOTATION}dashboard"),
}


def parse(document: Document, subject: str) -> Slo:
    """Raises InputError with every problem, at its place in the document."""
    try:
        found = OpenSlo.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = [_named(problem) for problem in problems_of(error, OpenSlo, document, REMEDIES)]
        raise InputError(subject, [*document.problems, *problems]) from None
    try:
        slo = Slo.model_validate(_values(found))
    except ValidationError as error:
        problems = [_placed(problem, document) for problem in problems_of(error, Slo, document, {})]
        raise InputError(subject, [*document.problems, *problems]) from None
    if document.problems:
        raise InputError(subject, document.problems)
    return slo


def _values(found: OpenSlo) -> dict[str, Any]:
    ratio, (objective,), (window,) = (
        found.spec.indicator.spec.ratio_metric,
        found.spec.objectives,
        found.spec.time_window,
    )
    number, unit = _DURATION.fullmatch(window.duration).groups()  # type: ignore[union-attr]  # the model has looked
    sides = {"total": ratio.total, "good": ratio.good, "bad": ratio.bad}
    return {
        "name": found.metadata.name,
        "service": found.spec.service,
        "objective": f"{objective.target_percent}%" if objective.target is None else str(objective.target),
        "period": f"{int(number) * (7 if unit == 'w' else 1)}d",
        "events": {name: side.metric_source.spec.query for name, side in sides.items() if side is not None},
        **{name: found.metadata.annotations[f"{ANNOTATION}{name}"] for name in ("owner", "runbook", "dashboard")},
    }


def _named(problem: Problem) -> Problem:
    """A field of OpenSLO that cannot be carried over is no slip of the pen."""
    field = problem.path.rpartition(".")[2]
    if problem.message != "is not a known field" or field not in UNSAID:
        return problem
    return Problem(problem.path, "cannot be carried over", UNSAID[field], problem.line)


def _placed(problem: Problem, document: Document) -> Problem:
    at = _PLACES[problem.path.partition(".")[0]]
    return Problem(show_location(at), problem.message, "Correct it", document.line(at))
