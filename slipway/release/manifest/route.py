"""How traffic reaches the service: the HTTPRoute that the Rollout alone writes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from slipway.release.manifest.base import FrozenModel, ObjectName, RequestPath
from slipway.release.manifest.route_rules import RouteRule
from slipway.release.units import Seconds

Hostname = Annotated[str, Field(pattern=r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")]


Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""Of a request."""


class GatewayReference(FrozenModel):
    """The Gateway that the route attaches to; `section` names one listener of it, `port` those of a port."""

    namespace: ObjectName
    name: ObjectName
    section: ObjectName | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None


class HeaderMatch(FrozenModel):
    """An exact match of a request header."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_|~-]+$")]
    value: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")]
    """No control characters: a line break would end the header."""


class Match(FrozenModel):
    """One match of the route: all of its conditions must hold."""

    path: RequestPath = "/"
    path_type: Literal["PathPrefix", "Exact"] = "PathPrefix"
    method: Method | None = None
    headers: tuple[HeaderMatch, ...] = ()


class Affinity(FrozenModel):
    """Declared stickiness: clients stay on one side, so that their errors are not independent. One of the two:

    `cookie`: the route itself keeps each client on the side that it was drawn to, by a cookie that it hands out
    during a canary or a rolling rollout. This is the first part of the cookie's name; the second is new for every
    rollout, so that each of them draws afresh. The service's own cookies are no concern of it. Which key counts
    clients is the guardrail's: every client that it tells apart must keep the route's cookie.
    `header`: something outside the route keeps clients on a side by this request header. The route is written
    without stickiness, the share of clients is unknown, and no error rate is claimed.
    """

    cookie: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_|~-]+$")] | None = None


class Route(FrozenModel):
    """Hostnames and matches of the service at its gateway; no match means every path. `gateway` is for Kubernetes
    alone: behind a load balancer of AWS the stack names the listener.

    `rules` says more than one match and a timeout can: several rules, filters, other backends. It stands in the place
    of `matches` and `timeout`, and is for Kubernetes alone too."""

    gateway: GatewayReference | None = None
    hostnames: Annotated[tuple[Hostname, ...], Field(min_length=1)]
    matches: tuple[Match, ...] = ()
    timeout: Seconds | None = None
    affinity: Affinity | None = None
    rules: Annotated[tuple[RouteRule, ...], Field(min_length=1, max_length=16)] | None = None

    @property
    def own_rules(self) -> tuple[RouteRule, ...]:
        """Those that send to the service of the release; none where the route has no `rules`."""
        return tuple(rule for rule in self.rules or () if rule.own is not None)

    @property
    def timeouts(self) -> tuple[Seconds | None, ...]:
        """How long a request of the service may take, by each of the rules that send to it; None for no limit."""
        return (self.timeout,) if self.rules is None else tuple(rule.request_timeout for rule in self.own_rules)
