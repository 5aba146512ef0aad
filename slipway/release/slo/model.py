"""What an objective and an alarm say: of counters in Prometheus, or of metrics in CloudWatch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from slipway.release.manifest.base import FrozenModel, Line
from slipway.release.slo.cloudwatch_model import CloudWatchCondition, CloudWatchEvents
from slipway.release.slo.promql import counting_refusal, refusal
from slipway.release.slo.soundness import template_refusal
from slipway.release.units import Fraction, Seconds, Share
from slipway.release.urls import Contact

DAY = 86400.0
LOWEST_OBJECTIVE = 5 / 6
"""A page stands for six times the budget's burn; below this objective that would be more than all events."""

Severity = Literal["page", "ticket"]
"""`page` wakes a person, `ticket` is looked at in working hours."""
OwnerName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$")]
"""A team, as the routing of alarms knows it."""
SloName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,57}[a-z0-9])?$")]
"""FrozenModel of the names of Kubernetes objects and of rule groups."""


def _query(text: str) -> str:
    if (problem := counting_refusal(text)) is not None:
        raise ValueError(problem)
    return text


def _expression(text: str) -> str:
    if (problem := refusal(text)) is not None:
        raise ValueError(problem)
    return text


def _template(text: str) -> str:
    if (problem := template_refusal(text)) is not None:
        raise ValueError(problem)
    return text


Query = Annotated[str, Field(min_length=1), AfterValidator(_query)]
"""The selector of a counter, or an expression with `[{window}]` that counts events."""


class Events(FrozenModel):
    """Events in Prometheus, as counters: all of them, and either the good or the bad ones. Counters that do not exist
    are no bad events and no good events."""

    kind: Literal["prometheus"]
    total: Query
    good: Query | None = None
    bad: Annotated[Query | None, Field(validate_default=True)] = None

    @field_validator("bad")
    @classmethod
    def _one_of_both(cls, bad: str | None, info: ValidationInfo) -> str | None:
        if "good" in info.data and (bad is None) == (info.data["good"] is None):
            raise ValueError("exactly one of good and bad is needed")
        return bad


def _of_prometheus(given: object) -> object:
    """Without a kind it is Prometheus."""
    return {"kind": "prometheus", **given} if isinstance(given, dict) else given


AnyEvents = Annotated[Events | CloudWatchEvents, Field(discriminator="kind"), BeforeValidator(_of_prometheus)]


class LeastBad(FrozenModel):
    """How many bad events the long window of an alarm must hold, so that one failure in a quiet hour raises no alarm. A
    service that is exactly at its budget reaches these by chance in at most 0.5% of the windows, whatever its traffic;
    the last is flat."""

    fast_page: Annotated[int, Field(ge=1, alias="1h")] = 3
    slow_page: Annotated[int, Field(ge=1, alias="6h")] = 4
    fast_ticket: Annotated[int, Field(ge=1, alias="1d")] = 9
    slow_ticket: Annotated[int, Field(ge=1, alias="3d")] = 10


class Slo(FrozenModel):
    """One objective: the share of events of a service that are good, over a period."""

    name: SloName
    service: Annotated[str, Field(min_length=1, max_length=63)]
    objective: Share
    period: Seconds = 30 * DAY
    events: AnyEvents
    owner: OwnerName
    runbook: Contact
    """What to do when one of its alarms fires; an address."""
    dashboard: Contact
    min_bad: LeastBad = LeastBad()

    @field_validator("objective")
    @classmethod
    def _alarms_can_fire(cls, objective: Fraction) -> Fraction:
        if not LOWEST_OBJECTIVE < objective < 1:
            raise ValueError("must be above 83.3%, from where on its pages can fire, and below 100%")
        return round(objective, 12)  # 99.9% and 0.999 are one objective, although their floats differ

    @field_validator("period")
    @classmethod
    def _whole_days(cls, period: float) -> float:
        if period % DAY or not 7 <= period / DAY <= 90:
            raise ValueError("must be a number of whole days from 7d to 90d")
        return period

    @property
    def budget(self) -> Fraction:
        """The share of events that may be bad; rounded, as 1 - 0.999 is not 0.001 in floats."""
        return round(1 - self.objective, 12)

    @property
    def period_text(self) -> str:
        """The period as PromQL writes it."""
        return f"{self.period / DAY:.0f}d"


class Condition(FrozenModel):
    """An expression that has a value while something is wrong, and for how long before it counts."""

    kind: Literal["prometheus"]
    expression: Annotated[str, AfterValidator(_expression)]
    hold: Annotated[Seconds, Field(alias="for")] = 0.0


AnyCondition = Annotated[Condition | CloudWatchCondition, Field(discriminator="kind"), BeforeValidator(_of_prometheus)]


class Alarm(FrozenModel):
    """An alarm beside those that an objective brings along."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_]\w{0,99}$")]
    service: Annotated[str, Field(min_length=1, max_length=63)]
    slo: SloName
    """The objective that is in danger while it fires."""
    severity: Severity
    when: AnyCondition
    summary: Annotated[Line, AfterValidator(_template)]
    owner: OwnerName
    runbook: Contact
    dashboard: Annotated[Contact | None, Field(validate_default=True)] = None

    @field_validator("dashboard")
    @classmethod
    def _pages_show_something(cls, dashboard: str | None, info: ValidationInfo) -> str | None:
        if dashboard is None and info.data.get("severity") == "page":
            raise ValueError("is missing: a page needs one")
        return dashboard
