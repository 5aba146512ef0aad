"""What a mirror step needs of its release, its gateway and the counters there. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.data_planes import profile_name
from slipway.release.errors import Problem
from slipway.release.manifest.strategy import BlueGreen, Canary, Rolling
from slipway.release.rollout_inputs import MetricsSource


def uncopied(metrics: MetricsSource, strategy: Canary | BlueGreen | Rolling) -> Iterator[Problem]:
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


def _able() -> str:
    return "profile contour, or a profile of your own with mirror: all or percent"
