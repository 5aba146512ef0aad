"""Filters of a backend that keep a gateway from counting it at its Service. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.data_planes import profile_name
from slipway.release.errors import Problem
from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import MetricsSource


def uncounted_filters(metrics: MetricsSource, route: Route) -> Iterator[Problem]:
    """Problems with places in the manifest, where requests would be missing in the counts of either version. Filters of
    a rule, and of backends that are not the service, are no problem."""
    if metrics.kind == "cloudwatch" or metrics.data_plane.backend_filters:
        return
    why = (
        f"the gateway of profile {profile_name(metrics.profile)} counts a backend with filters of its own by its place "
        "in the route, so its requests would be missing in those of its version"
    )
    for number, rule in enumerate(route.rules or ()):
        for place, backend in enumerate(rule.backends):
            if backend.is_own and backend.filters:
                remedy = "Write them in the filters of the rule, or use another gateway"
                yield Problem(f"route.rules[{number}].backendRefs[{place}].filters", why, remedy)
    if route.affinity is not None and route.affinity.cookie is not None:
        message = f"is handed out by a filter of each backend, and {why}"
        yield Problem("route.affinity.cookie", message, "Leave it out, or use another gateway")
