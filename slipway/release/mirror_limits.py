"""What a mirror step needs of its release, its gateway and the counters there. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.data_planes import DATA_PLANES, profile_name
from slipway.release.errors import Problem
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import BlueGreen, Canary, Rolling
from slipway.release.rollout_inputs import MetricsSource


def uncopied(metrics: MetricsSource, strategy: Canary | BlueGreen | Rolling, route: Route) -> Iterator[Problem]:
    """Problems with places in the manifest, where the profile cannot do what a mirror step needs."""
    mirror = strategy.mirror if isinstance(strategy, Canary) else None
    if mirror is None or metrics.kind == "cloudwatch":  # a target behind a load balancer is refused by its rule
        return
    plane, name = metrics.data_plane, profile_name(metrics.profile)
    if plane.mirror == "none":
        message = f"profile {name} does not count copies of requests apart, so a mirror step could not be judged"
        yield Problem("strategy.steps[0].mirror", message, f"Leave the mirror step out, or use {_able()}")
    elif plane.mirror == "all" and mirror.mirror < 100:
        message = f"the gateway of profile {name} copies all requests, whatever percentage the route says"
        yield Problem("strategy.steps[0].mirror", message, "Write mirror: 100%")
    if plane.copies:
        yield from _told_apart_by_nobody(name, route)


def _told_apart_by_nobody(profile: str, route: Route) -> Iterator[Problem]:
    """Copies of the users' own, which would count as the candidate's."""
    for number, rule in enumerate(route.rules or ()):
        if any(one.request_mirror is not None for one in rule.all_filters):
            message = (
                f"the gateway of profile {profile} does not say whom it copies requests to, so these copies would "
                "count as those of the mirror step"
            )
            remedy = "Leave the filter RequestMirror out, or the mirror step"
            yield Problem(f"route.rules[{number}].filters", message, remedy)


def _able() -> str:
    able = ", ".join(f"profile {name}" for name, plane in DATA_PLANES.items() if plane.mirror != "none")
    return f"{able}, or a profile of your own with mirror: all or percent"
