"""How the counters of one data plane are named: a row of data, so that a new gateway is no new code."""

from __future__ import annotations

import operator
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from slipway.release.manifest.base import FrozenModel

PLACEHOLDERS = frozenset({"namespace", "route", "service", "port"})
_PLACEHOLDER = re.compile(r"\{([a-zA-Z]+)\}")
REGEX = "~"
"""At the beginning of a pattern: what follows is a regular expression for the whole value."""

MetricName = Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression ({error})") from None
    return value


def _pattern(value: str) -> str:
    unknown = sorted(set(_PLACEHOLDER.findall(value)) - PLACEHOLDERS)
    if unknown:
        raise ValueError(f"{{{unknown[0]}}} is not known; there are {{namespace}}, {{route}}, {{service}} and {{port}}")
    if value.startswith(REGEX):
        _regex(_PLACEHOLDER.sub("x", value.removeprefix(REGEX)))
    return value


Regex = Annotated[str, Field(min_length=1), AfterValidator(_regex)]
"""For the whole value of a label."""
Pattern = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]
"""A value of a label with placeholders; with `~` in front a regular expression."""


def filled(pattern: str, values: dict[str, str]) -> str:
    """A pattern as a regular expression, with what the placeholders stand for escaped."""
    as_regex = pattern.startswith(REGEX)
    text = pattern.removeprefix(REGEX)
    parts = _PLACEHOLDER.split(text)  # text, name, text, name, ...
    return "".join(
        escaped(values[part]) if number % 2 else (part if as_regex else escaped(part))
        for number, part in enumerate(parts)
    )


def escaped(text: str) -> str:
    """As a literal part of a regular expression, for Python and for Prometheus alike."""
    return re.sub(r"([.\\+*?()|\[\]{}^$])", r"\\\1", text)


class Duration(FrozenModel):
    """A histogram of answer times, without `_bucket`, and the unit of its bounds."""

    histogram: MetricName
    unit: Literal["ms", "s"] = "s"


class Alive(FrozenModel):
    """A metric that each emitter has in every scrape: which emitters there are, and how fresh the data is. `uptime`:
    its value is the emitter's age in seconds; else it only has to be above zero."""

    metric: MetricName
    where: dict[LabelName, Pattern] = {}
    uptime: bool = False


class ProxyPlace(FrozenModel):
    """Where each proxy shows its own statistics. `filtered`: it takes Envoy's `usedonly` and `filter`; else it always
    shows all. Without a selector the setting has to name one."""

    selector: dict[str, str] | None = None
    port: int
    path: str
    filtered: bool = False


class DataPlane(FrozenModel):
    """What counts requests, and how the two sides are told apart in it. An emitter is one process, named by its label
    `pod`, else `instance`."""

    requests: MetricName
    side: Annotated[dict[LabelName, Pattern], Field(min_length=1)]
    """Labels that name one side, such as `{service: "{service}"}`: a Service of a revision, in `{namespace}`, and the
    `{route}` that sends to it."""
    where: dict[LabelName, Annotated[str, Field(min_length=1)]] = {}
    """Labels that everything else must have, such as `{reporter: source}`."""
    status: Annotated[tuple[LabelName, ...], Field(min_length=1)]
    """The label of the status; the first of them that a series has."""
    bad: Regex = "5.."
    also_bad: dict[LabelName, Regex] = {}
    """Labels whose value makes a request bad, whatever its status is."""
    duration: Duration | None = None
    in_flight: MetricName | None = None
    """A gauge of the requests under way."""
    known: MetricName | None = None
    """A metric that an emitter has of each side that it may send to, before the first request too. Without it, a side
    that an emitter says nothing of has counted nothing."""
    endpoints: MetricName | None = None
    """A gauge of the endpoints that an emitter has of a side."""
    drops_idle: bool = Field(default=False, exclude_if=operator.not_)
    """Whether a gateway configures nothing of a backend at weight 0 in its proxies: then a rule of the route that no
    request matches names it too, so that it is there before its first weight and after its last."""
    alive: Alive
    sees_no_answer: bool = False
    """Whether a request that gets no answer is counted. Where it is not, a dead candidate looks idle, so a candidate
    that is counted far below its weight fails."""
    backend_filters: bool = Field(default=True, exclude_if=bool)
    """False: a backend of a route that has filters of its own is not counted at its side."""
    mirror: Literal["none", "all", "percent"] = Field(default="none", exclude_if=lambda value: value == "none")
    """Whether the gateway can copy requests and counts the copies at the side that gets them, or at `copies`, those
    without an answer too; `all`: it copies every request, whatever percentage a route says."""
    copies: dict[LabelName, Pattern] = Field(default={}, exclude_if=operator.not_)
    """Labels of what counts the copies that a route makes, where that is not the side: the same labels as those of
    `side`. Such a gateway does not say whom it copies to, so all copies of the route are those of one backend."""
    generation: Literal["required", "ignored"] = "required"
    """`ignored`: the controller writes no generation into the route's status, so a status of any age counts."""

    @model_validator(mode="after")
    def _counts_copies_as_sides(self) -> DataPlane:
        if self.copies and self.copies.keys() != self.side.keys():
            raise ValueError(f"copies needs the labels of side: {', '.join(sorted(self.side))}")
        if self.copies and self.mirror == "none":
            raise ValueError("copies says where copies are counted, so mirror has to be all or percent")
        return self
