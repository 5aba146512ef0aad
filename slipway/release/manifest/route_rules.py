"""Rules of a route in the Gateway API's own words and with its defaults: what is matched, changed and sent where.
https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from slipway.release.manifest.base import FrozenModel, ObjectName
from slipway.release.manifest.route_filters import (
    ApiGroup,
    ApiKind,
    HeaderName,
    HeaderValue,
    PortNumber,
    RouteFilter,
    filters_problem,
)
from slipway.release.units import Seconds

MOST_OTHERS = 12
"""Of the 16 backends that the API allows in one rule; the rest is for the sides of a rollout."""
FINEST_WEIGHT = 100
"""What a weight may be at most beside the others of its rule, when the weights are reduced: the service's own is split
into parts of a hundredth of a percent, and the API's largest is a million."""
_DURATION = re.compile(r"([0-9]{1,5})(ms|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
ApiDuration = Annotated[str, Field(pattern=r"^([0-9]{1,5}(h|m|s|ms)){1,4}$")]
ApiMethod = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
_UNSAID = (None, "", "Service")
_FORBIDDEN = ("//", "/./", "/../", "%2f", "%2F", "#")
_PATH = re.compile(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+")


class PathMatch(FrozenModel):
    """Of a request's path."""

    type: Literal["Exact", "PathPrefix", "RegularExpression"] = "PathPrefix"
    value: Annotated[str, Field(max_length=1024)] = "/"

    @model_validator(mode="after")
    def _is_a_path(self) -> PathMatch:
        if self.type == "RegularExpression":
            return self
        whole = self.value.startswith("/") and _PATH.fullmatch(self.value) is not None
        if not whole or any(part in self.value for part in _FORBIDDEN) or self.value.endswith(("/..", "/.")):
            raise ValueError(f"{self.value!r} is no path as a request has it, such as /api")
        return self


class HeaderCondition(FrozenModel):
    """Of a request's header."""

    type: Literal["Exact", "RegularExpression"] = "Exact"
    name: HeaderName
    value: HeaderValue


class QueryCondition(FrozenModel):
    """Of a parameter in a request's query."""

    type: Literal["Exact", "RegularExpression"] = "Exact"
    name: HeaderName
    value: Annotated[str, Field(min_length=1, max_length=1024)]


class RouteMatch(FrozenModel):
    """All of its conditions must hold."""

    path: PathMatch = PathMatch()
    headers: Annotated[tuple[HeaderCondition, ...], Field(max_length=16)] = ()
    query_params: Annotated[tuple[QueryCondition, ...], Field(max_length=16)] = ()
    method: ApiMethod | None = None

    @model_validator(mode="after")
    def _names_each_once(self) -> RouteMatch:
        for what, names in (
            ("header", [one.name.lower() for one in self.headers]),
            ("query parameter", [one.name for one in self.query_params]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"the {what} {twice[0]} is there twice")
        return self


class RouteBackend(FrozenModel):
    """Where a rule sends to. Without a name it is the service of the release: its versions share that weight as the
    rollout says. With a name it is another one, which keeps its weight."""

    group: ApiGroup = ""
    kind: ApiKind = "Service"
    name: ObjectName | None = None
    namespace: ObjectName | None = None
    port: PortNumber | None = None
    weight: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    filters: Annotated[tuple[RouteFilter, ...], Field(max_length=16)] = ()

    @property
    def is_own(self) -> bool:
        """Whether it is the service of the release."""
        return self.name is None

    @property
    def key(self) -> str:
        """What tells it from a Service of the release."""
        return backend_key(self.group, self.kind, self.namespace, self.name or "")

    @model_validator(mode="after")
    def _is_own_or_another(self) -> RouteBackend:
        if problem := filters_problem(self.filters):
            raise ValueError(problem)
        if self.is_own:
            told = [name for name in ("group", "kind", "namespace", "port") if getattr(self, name) not in _UNSAID]
            if told:
                raise ValueError(
                    f"{told[0]} without a name: what has no name is the service of the release, with the port of "
                    "workload.port; name the other one"
                )
            if self.weight == 0:
                raise ValueError("weight 0 of the service of the release: leave it out of this rule")
        elif self.kind == "Service" and self.group == "" and self.port is None:
            raise ValueError(f"the Service {self.name} needs a port")
        return self


class RuleTimeouts(FrozenModel):
    """`request` for the whole of it, `backend_request` for each try."""

    request: ApiDuration | None = None
    backend_request: ApiDuration | None = None


class RuleRetry(FrozenModel):
    """When the gateway asks once more."""

    codes: tuple[Annotated[int, Field(ge=400, le=599)], ...] = ()
    attempts: Annotated[int, Field(ge=1)] | None = None
    backoff: ApiDuration | None = None


class RouteRule(FrozenModel):
    """One rule. Without `backendRefs` it sends to the service of the release, or nowhere where it redirects."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")] | None = None
    matches: Annotated[tuple[RouteMatch, ...], Field(max_length=64)] = ()
    filters: Annotated[tuple[RouteFilter, ...], Field(max_length=16)] = ()
    backend_refs: tuple[RouteBackend, ...] | None = None
    timeouts: RuleTimeouts | None = None
    retry: RuleRetry | None = None

    @property
    def matched(self) -> tuple[RouteMatch, ...]:
        """Every path where nothing is said."""
        return self.matches or (RouteMatch(),)

    @property
    def backends(self) -> tuple[RouteBackend, ...]:
        """Where it sends to."""
        if self.backend_refs is not None:
            return self.backend_refs
        return () if self._redirects else (RouteBackend(),)

    @property
    def own(self) -> RouteBackend | None:
        """The service of the release in it, None where it sends elsewhere only."""
        return next((one for one in self.backends if one.is_own), None)

    @property
    def others(self) -> tuple[RouteBackend, ...]:
        """Where it sends to besides."""
        return tuple(one for one in self.backends if not one.is_own)

    @property
    def replaces_prefix(self) -> bool:
        """Whether the API allows it one match only."""
        return any(one.replaces_prefix for one in self.all_filters)

    @property
    def all_filters(self) -> tuple[RouteFilter, ...]:
        """Its own, and those of its backends."""
        return (*self.filters, *(one for backend in self.backends for one in backend.filters))

    @property
    def request_timeout(self) -> Seconds | None:
        """None where it has none."""
        return None if self.timeouts is None or self.timeouts.request is None else seconds_of(self.timeouts.request)

    @property
    def _redirects(self) -> bool:
        return any(one.type == "RequestRedirect" for one in self.filters)

    @model_validator(mode="before")
    @classmethod
    def _keeps_no_sessions(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("sessionPersistence") is not None:
            raise ValueError(
                "sessionPersistence keeps clients on one side, which no weight moves then; leave it out: with "
                "route.matches instead of route.rules, route.affinity.cookie keeps clients on a side"
            )
        return data

    @model_validator(mode="after")
    def _is_a_rule_of_the_api(self) -> RouteRule:
        if problem := filters_problem(self.filters) or self._backends_problem():
            raise ValueError(problem)
        one = len(self.matched) == 1 and self.matched[0].path.type == "PathPrefix"
        if self.replaces_prefix and not one:
            raise ValueError("replacePrefixMatch needs exactly one match, by PathPrefix; write a rule for each of them")
        return self

    def _backends_problem(self) -> str | None:
        if self._redirects and self.backends:
            return "a rule with the filter RequestRedirect sends to no backend: leave backendRefs out"
        if sum(one.is_own for one in self.backends) > 1:
            return "two of its backends have no name, and the service of the release is one"
        if len(self.others) > MOST_OTHERS:
            return f"{len(self.others)} other backends are more than the {MOST_OTHERS} that leave room for a rollout"
        if self.own is not None and self.others and self._largest() > FINEST_WEIGHT:
            return (
                f"its weights are too far apart to split the service's in parts of 0.01%: reduced, none may be above "
                f"{FINEST_WEIGHT}, such as 90 and 10"
            )
        return None

    def _largest(self) -> int:
        weights = [one.weight for one in self.backends]
        return max(weights) // math.gcd(*weights)


def backend_key(group: str, kind: str, namespace: str | None, name: str) -> str:
    """Tells backends of a route apart: `legacy`, `billing/ledger`, `example.com/Bucket:assets`."""
    place = name if namespace is None else f"{namespace}/{name}"
    return place if (group, kind) == ("", "Service") else f"{group}/{kind}:{place}"


def seconds_of(text: str) -> Seconds | None:
    """A Duration of the API; None for 0, which means no limit at all."""
    return sum(int(count) * _UNITS[unit] for count, unit in _DURATION.findall(text)) or None
