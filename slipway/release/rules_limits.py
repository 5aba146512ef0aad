"""Which gateways several rules of a route were tried with. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.data_planes import profile_name
from slipway.release.errors import Problem
from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import MetricsSource


def unroutable(metrics: MetricsSource, route: Route) -> Iterator[Problem]:
    """A problem where the gateway has to be made to keep backends at weight 0, by a rule more: that was tried with one
    rule of the users only."""
    if route.rules is None or metrics.kind == "cloudwatch" or not metrics.data_plane.drops_idle:
        return
    message = (
        f"the gateway of profile {profile_name(metrics.profile)} configures nothing of a backend at weight 0, and what "
        "keeps it there was not tried with several rules"
    )
    yield Problem("route.rules", message, "Write route.matches and route.timeout, or use another gateway")
