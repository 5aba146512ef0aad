"""What is measured during the rollout and how it is judged (see rollout/analysis for the statistics)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from slipway.release.manifest.base import Part
from slipway.release.units import Seconds, Share

Policy = Literal["hold", "abort"]
"""What to do when a step ends undecided, or the source of the counts fails: never `promote`."""


LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
"""Of a series in Prometheus: nothing that could end a selector."""


class _Guardrail(Part):
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Its share of the promised false-abort rate, relative to the other guardrails' weights."""
    on_inconclusive: Policy | None = None
    """None: as `analysis.onInconclusive`."""
    on_error: Policy | None = None


class _Relative(_Guardrail):
    tolerate: Annotated[float, Field(ge=1, le=10)] = 1.1
    """Ratio of the candidate's bad share to the baseline's that is still acceptable (rho0)."""
    negligible: Annotated[Share, Field(gt=0, lt=1)] = 0.001
    """A bad share of the candidate below this may be promoted whatever the ratio (f)."""
    objective: Annotated[Share, Field(gt=0, lt=1)] | None = None
    """Absolute: the largest acceptable bad share, for steps without a concurrent baseline."""


class ErrorRatio(_Relative):
    """Bad event: a response of 5xx, or none at all."""

    kind: Literal["error-ratio"]


class Latency(_Relative):
    """Bad event: slower than `threshold`."""

    kind: Literal["latency"]
    threshold: Annotated[Seconds, Field(gt=0)]


class Custom(_Relative):
    """Good and total events from queries of cumulative counters; `{revision}` and `{service}` are filled in."""

    kind: Literal["custom"]
    good: str
    total: str


class Slo(_Guardrail):
    """Absolute: the candidate's bad share of the named indicator against the objective."""

    kind: Literal["slo"]
    of: Literal["errors", "latency"] = "errors"
    threshold: Annotated[Seconds, Field(gt=0)] | None = None
    objective: Annotated[Share, Field(gt=0, lt=1)]
    """The largest acceptable bad share (a 99.9% SLO is `0.1%` here)."""

    @model_validator(mode="after")
    def _latency_has_a_threshold(self) -> Slo:
        if (self.of == "latency") != (self.threshold is not None):
            raise ValueError("threshold belongs to `of: latency`, and is required there")
        return self


class AlertFiring(_Guardrail):
    """An alert of the monitoring system: while it fires the guardrail fails."""

    kind: Literal["alert"]
    alert: Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")]
    labels: dict[LabelName, str] = {}

    @field_validator("labels")
    @classmethod
    def _none_of_its_own(cls, value: dict[str, str]) -> dict[str, str]:
        """With another state or name the guardrail would watch something else, or nothing."""
        if taken := sorted(value.keys() & {"alertname", "alertstate", "__name__"}):
            raise ValueError(f"{', '.join(taken)} is set by the guardrail itself")
        return value


class ClientKey(Part):
    """Where a record of the access log holds the client's key: a field of its own, or one cookie of a field that
    holds the whole Cookie header."""

    field: Annotated[str, Field(min_length=1)]
    cookie: Annotated[str, Field(min_length=1)] | None = None


class ClientFailures(_Guardrail):
    """The first-failure test for sticky clients: each client counts once.

    What counts clients may be coarser than what keeps a client on one side (`route.affinity`), never finer: a finer
    key would count one client several times."""

    kind: Literal["client-failures"]
    source: Literal["access-log", "bitmap"] | None = None
    """Required of a release; see slipway.release.manifest.checks."""
    key: ClientKey | None = None
    """Of the source access-log."""
    seen: str | None = None
    failed: str | None = None
    """Of the source bitmap: queries of the words of each pod's bitmap; `{revision}` and `{service}` are filled in."""
    tolerate: Annotated[float, Field(ge=1, le=10)] = 1.1
    negligible: Annotated[Share, Field(gt=0, lt=1)] = 0.001


Guardrail = Annotated[ErrorRatio | Latency | Custom | Slo | AlertFiring | ClientFailures, Field(discriminator="kind")]
