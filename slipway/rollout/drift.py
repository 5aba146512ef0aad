"""What of a workload is not as the journal says it was released. Pure."""

from __future__ import annotations

from slipway.release.floors import within
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.base import Readiness


def drift_of(backend: Backend, readiness: Readiness) -> str | None:
    """What was changed in place; None while the workload is as it was released. What is compared is the image and
    the number of replicas, which its own autoscaler may change within its bounds, and another for a good reason."""
    if readiness.image is None:
        return f"Deployment {backend.workload} is missing"
    found, scaled = [], backend.autoscaled
    if readiness.image != backend.image:
        found.append(f"its image was changed in place to {readiness.image}, released was {backend.image}")
    if (within(readiness.desired, scaled) if scaled is not None else backend.replicas) != readiness.desired:
        released = backend.replicas if scaled is None else f"{scaled.minimum} to {scaled.maximum}"
        found.append(f"it was scaled to {readiness.desired} replicas, released were {released}")
    return f"{backend.workload}: {'; '.join(found)}" if found else None


def lacking(backend: Backend, readiness: Readiness) -> str | None:
    """The replicas that are not ready, and why; None while all are."""
    wanted = max(readiness.desired, backend.replicas)
    ready = min(readiness.ready, readiness.endpoints_ready)
    if ready >= wanted:
        return None
    why = f": {readiness.problem}" if readiness.problem else ""
    return f"{backend.workload}: {ready} of {wanted} replicas ready{why}"
