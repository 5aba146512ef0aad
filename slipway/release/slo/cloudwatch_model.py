"""What an objective and an alarm count in CloudWatch, beside the classes for Prometheus in `model`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway.release.manifest.base import FrozenModel
from slipway.release.units import Seconds

_NAME = r"^[ -~]{1,255}$"
Dimensions = Annotated[dict[Annotated[str, Field(pattern=_NAME)], Annotated[str, Field(pattern=_NAME)]], Field()]
LONGEST = 86400.0
"""Seconds that an alarm with a period below an hour may look back."""


class _Metric(FrozenModel):
    namespace: Annotated[str, Field(pattern=_NAME)]
    """Such as AWS/ApplicationELB."""
    name: Annotated[str, Field(pattern=_NAME)]
    dimensions: Annotated[Dimensions, Field(max_length=30)] = Field(default_factory=dict)
    """All dimensions that the metric is kept by: CloudWatch adds nothing up over those that are left out."""

    def stated(self, stat: str) -> dict[str, Any]:
        """As the alarms of Pulumi's provider name it."""
        dimensions = {"dimensions": dict(self.dimensions)} if self.dimensions else {}
        return {"namespace": self.namespace, "metricName": self.name, "stat": stat, **dimensions}


class CountedMetric(_Metric):
    """A metric whose statistic over a window is a number of events."""

    stat: Annotated[str, Field(pattern=r"^(Sum|SampleCount|TC\(\d*(\.\d+)?:\d*(\.\d+)?\))$")] = "Sum"
    """Sum of what was counted; SampleCount, the number of values; `TC(:0.3)`, the number of values up to 0.3."""


class CloudWatchEvents(FrozenModel):
    """Events in CloudWatch: all of them, and either the good or the bad ones, each the sum of its metrics. Where there
    are counts of all, a good or bad count that is missing is 0."""

    kind: Literal["cloudwatch"]
    total: CountedMetric
    good: Annotated[tuple[CountedMetric, ...] | None, Field(min_length=1)] = None
    bad: Annotated[tuple[CountedMetric, ...] | None, Field(min_length=1, validate_default=True)] = None
    quiet: bool = False
    """Whether there may be no events at all for a quarter of an hour; else that is an alarm."""

    @field_validator("bad")
    @classmethod
    def _one_of_both(
        cls, bad: tuple[CountedMetric, ...] | None, info: ValidationInfo
    ) -> tuple[CountedMetric, ...] | None:
        if "good" in info.data and (bad is None) == (info.data["good"] is None):
            raise ValueError("exactly one of good and bad is needed")
        return bad


class WatchedMetric(_Metric):
    """A metric that is compared with a limit."""

    stat: Annotated[
        str,
        Field(
            pattern=r"^(Sum|SampleCount|Average|Minimum|Maximum|p\d{1,2}(\.\d{1,10})?|(TM|TC|TS|PR|WM|IQM)(\([0-9.:%]+\))?)$"
        ),
    ] = "Average"


class CloudWatchCondition(FrozenModel):
    """A metric above or below a limit, and for how long before it counts."""

    kind: Literal["cloudwatch"]
    metric: WatchedMetric
    above: float | None = None
    below: Annotated[float | None, Field(validate_default=True)] = None
    period: Seconds = 60.0
    """Over which each value is taken."""
    hold: Annotated[Seconds, Field(alias="for", validate_default=True)] = 0.0
    missing: Literal["alarm", "fine"] = "alarm"
    """What a period without a value is."""

    @field_validator("below")
    @classmethod
    def _one_limit(cls, below: float | None, info: ValidationInfo) -> float | None:
        if "above" in info.data and (below is None) == (info.data["above"] is None):
            raise ValueError("exactly one of above and below is needed")
        return below

    @field_validator("period")
    @classmethod
    def _whole_minutes(cls, period: float) -> float:
        if period % 60 or not 60 <= period <= 3600:
            raise ValueError("must be a number of whole minutes from 1m to 1h")
        return period

    @field_validator("hold")
    @classmethod
    def _looks_back(cls, hold: float, info: ValidationInfo) -> float:
        if hold > LONGEST:
            raise ValueError("must be at most 1d")
        if hold % info.data.get("period", 60.0):
            raise ValueError("must be a multiple of the period")
        return hold

    @property
    def periods(self) -> int:
        """How many in a row are over the limit when it fires."""
        return max(1, round(self.hold / self.period))
