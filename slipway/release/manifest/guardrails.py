"""What is measured during the rollout and how it is judged (see rollout/analysis for the statistics)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from slipway.release.manifest.base import FrozenModel
from slipway.release.units import Seconds, Share

Policy = Literal["hold", "abort"]
"""What to do when a step ends undecided, or the source of the counts fails: never `promote`."""


LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
"""Of a series in Prometheus: nothing that could end a selector."""


LogField = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.]*$")]
"""Of a line of a log: nothing that could end a query."""


TraceCondition = Annotated[str, Field(min_length=1, pattern=r"^[^|\x00-\x1f\x7f]*$")]
"""On one span: what stands in the braces of TraceQL, without a pipeline."""


@dataclass(frozen=True, slots=True)
class Nature:
    """What a kind of guardrail is to those who measure, judge and plan: the one table that tells the kinds apart."""

    counts: Literal["requests", "events", "clients", "nothing"]
    """What one of its events is: a request at the gateway, something that the service's own queries count, or a client
    that counts once. An alert counts nothing: it fires or not, and no error rate is promised for it."""
    unit: str = "bad"
    """What bad events are called in messages."""
    absolute: bool = False
    """Whether the candidate is never compared with a baseline."""
    gross: bool = False
    """Whether a large bad share is a fault whatever it is compared with."""
    by_bounds: bool = False
    """Whether the bounds of the histogram other than the declared threshold are bet on as well."""
    expected: bool = False
    """Whether `analysis.expected.badShare` speaks of its bad share, so that its steps can be foreseen."""
    errors: bool = False
    """Whether its bad events are those that are shown as the errors of a rollout."""

    by_signature: bool = False
    """Whether each kind of error is bet on for itself, rather than all bad events together."""

    @property
    def may_cluster(self) -> bool:
        """Whether its bad events may come in clusters, about which the past is asked."""
        return self.counts in ("requests", "events")


class Limits(NamedTuple):
    """What a guardrail declares of the bad share, the same for all kinds; neutral where a kind has no such field."""

    tolerate: float = 1.0
    negligible: float = 0.0
    objective: float | None = None
    threshold: float | None = None
    """Seconds above which a response is bad; None where the guardrail is not about latency."""


class _Guardrail(FrozenModel):
    nature: ClassVar[Nature]

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Its share of the promised false-abort rate, relative to the other guardrails' weights."""
    on_inconclusive: Policy | None = None
    """None: as `analysis.onInconclusive`."""
    on_error: Policy | None = None

    @property
    def limits(self) -> Limits:
        """What it declares of the bad share."""
        return Limits()

    @property
    def queries(self) -> Mapping[str, str]:
        """Field -> a query of the user's own that has to tell the sides apart."""
        return {}

    @property
    def reads_access_log(self) -> bool:
        """Whether it needs the gateway's access log."""
        return False

    @property
    def reads_logs(self) -> bool:
        """Whether it needs the stack's server of logs."""
        return False

    @property
    def reads_traces(self) -> bool:
        """Whether it needs the stack's server of traces."""
        return False


class _Relative(_Guardrail):
    tolerate: Annotated[float, Field(ge=1, le=10)] = 1.1
    """Ratio of the candidate's bad share to the baseline's that is still acceptable (rho0)."""
    negligible: Annotated[Share, Field(gt=0, lt=1)] = 0.001
    """A bad share of the candidate below this may be promoted whatever the ratio (f)."""
    objective: Annotated[Share, Field(gt=0, lt=1)] | None = None
    """Absolute: the largest acceptable bad share, for steps without a concurrent baseline."""

    @property
    def limits(self) -> Limits:
        """What it declares of the bad share."""
        return Limits(self.tolerate, self.negligible, self.objective)


class ErrorRatio(_Relative):
    """Bad event: a response of 5xx, or none at all."""

    nature: ClassVar[Nature] = Nature("requests", gross=True, expected=True, errors=True)
    kind: Literal["error-ratio"]


class Latency(_Relative):
    """Bad event: slower than `threshold`."""

    nature: ClassVar[Nature] = Nature("requests", unit="slow", gross=True, by_bounds=True)
    kind: Literal["latency"]
    threshold: Annotated[Seconds, Field(gt=0)]

    @property
    def limits(self) -> Limits:
        """What it declares of the bad share."""
        return Limits(self.tolerate, self.negligible, self.objective, self.threshold)


class Custom(_Relative):
    """Good and total events from queries of cumulative counters; `{revision}` and `{service}` are filled in."""

    nature: ClassVar[Nature] = Nature("events", expected=True)
    kind: Literal["custom"]
    good: str
    total: str

    @property
    def queries(self) -> Mapping[str, str]:
        """Those of good and total events."""
        return {"good": self.good, "total": self.total}


class Slo(_Guardrail):
    """Absolute: the candidate's bad share of the named indicator against the objective."""

    nature: ClassVar[Nature] = Nature("requests", absolute=True, expected=True)
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

    @property
    def limits(self) -> Limits:
        """What it declares of the bad share."""
        return Limits(objective=self.objective, threshold=self.threshold)


class AlertFiring(_Guardrail):
    """An alert of the monitoring system: while it fires the guardrail fails."""

    nature: ClassVar[Nature] = Nature("nothing")
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


class ClientKey(FrozenModel):
    """Where a record of the access log holds the client's key: a field of its own, or one cookie of a field that
    holds the whole Cookie header."""

    field: Annotated[str, Field(min_length=1)]
    cookie: Annotated[str, Field(min_length=1)] | None = None


class ClientFailures(_Guardrail):
    """The first-failure test for sticky clients: each client counts once.

    What counts clients may be coarser than what keeps a client on one side (`route.affinity`), never finer: a finer
    key would count one client several times."""

    nature: ClassVar[Nature] = Nature("clients", unit="clients failed")
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

    @property
    def limits(self) -> Limits:
        """What it declares of the bad share."""
        return Limits(self.tolerate, self.negligible)

    @property
    def queries(self) -> Mapping[str, str]:
        """Those of the bitmaps, where it reads them."""
        given = {"seen": self.seen, "failed": self.failed} if self.source == "bitmap" else {}
        return {field: query for field, query in given.items() if query is not None}

    @property
    def reads_access_log(self) -> bool:
        """Whether its source is the gateway's access log."""
        return self.source == "access-log"


class _BySignature(_Guardrail):
    """Bad events that are told apart by a text, each of which is judged for itself."""

    requests: str
    tolerate: Annotated[float, Field(ge=1, le=10)] = 1.1
    negligible: Annotated[Share, Field(gt=0, lt=1)] = 0.001

    @property
    def limits(self) -> Limits:
        """What it declares of the bad share."""
        return Limits(self.tolerate, self.negligible)

    @property
    def queries(self) -> Mapping[str, str]:
        """The one that tells the sides apart."""
        return {"requests": self.requests}


class Logs(_BySignature):
    """Bad event: a request with an error in the logs. Each signature of an error, its text without numbers and the
    like, is judged for itself: one that is new or more frequent on the candidate is a fault, however rare it is. The
    queries are in the language of the stack's server; `{revision}` and `{service}` are filled in."""

    nature: ClassVar[Nature] = Nature("requests", unit="requests with errors", by_signature=True)
    kind: Literal["logs"]
    requests: Annotated[str, Field(min_length=1)]
    """The lines of one side: at least one for each request."""
    errors: Annotated[str, Field(min_length=1)]
    """Which of these lines tell of an error."""
    request_id: LogField = "trace_id"
    """The field by which the lines of one request are known: lines are not independent, requests are counted."""
    message: LogField = "_msg"
    """The field with the text of the error."""

    @property
    def reads_logs(self) -> bool:
        """Whether its source is the stack's server of logs."""
        return True


class Traces(_BySignature):
    """Bad event: a span with an error among those that stand for one request each. Each operation is judged for itself,
    as the signatures of `logs` are. The queries are conditions of TraceQL; `{revision}` and `{service}` are filled
    in."""

    nature: ClassVar[Nature] = Nature("requests", unit="spans with errors", by_signature=True)
    kind: Literal["traces"]
    requests: TraceCondition
    """The spans of one side that stand for its requests, one each, such as those of `kind=server`."""
    errors: TraceCondition = "status=error"
    """Which of these spans tell of an error."""
    operation: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_.:]*$")] = "name"
    """The attribute by which errors are told apart."""

    @property
    def reads_traces(self) -> bool:
        """Whether its source is the stack's server of traces."""
        return True


AnyKind = ErrorRatio | Latency | Custom | Slo | AlertFiring | ClientFailures | Logs | Traces
Guardrail = Annotated[AnyKind, Field(discriminator="kind")]
