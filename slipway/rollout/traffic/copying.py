"""Whether the requests of a service may be copied beside the other routes of its gateway."""

from __future__ import annotations

from slipway.release.manifest.plan import Kind
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters


def copying_problem(adapters: Adapters, wanted: RolloutInputs, kind: Kind) -> str | None:
    """Why a mirror step would take requests from another service; None where it would not, and without such a step.
    Raises ClusterError."""
    mirror = next((step.mirror for step in wanted.plan(kind) if step.mirror is not None), None)
    if mirror is None:
        return None
    named = ", ".join(sorted(adapters.router.losing_to_copies(wanted.route)))
    if not named:
        return None
    return (
        f"the mirror step would take {', '.join(mirror.methods)} from the route {named}, which has a path of "
        f"{', '.join(wanted.route.hostnames)} too and is told apart by headers or parameters alone; give it a path of "
        "its own, or leave the mirror step out"
    )
