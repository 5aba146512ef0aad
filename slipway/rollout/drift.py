"""What of a workload is not as the journal says it was released. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.floors import within
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.base import Readiness


def drift_of(backend: Backend, readiness: Readiness, template: str | None = None) -> str | None:
    """What was changed in place; None while the workload is as it was released. What is compared is the image, what
    the pods are told to run (`template` is the digest of that at the release) and the number of replicas, which its own
    autoscaler may change within its bounds, and another for a good reason."""
    if readiness.image is None:
        return f"Deployment {backend.workload} is missing"
    found, scaled = list(_changes(backend, readiness, template)), backend.autoscaled
    if (within(readiness.desired, scaled) if scaled is not None else backend.replicas) != readiness.desired:
        released = backend.replicas if scaled is None else f"{scaled.minimum} to {scaled.maximum}"
        found.append(f"it was scaled to {readiness.desired} replicas, released were {released}")
    return f"{backend.workload}: {'; '.join(found)}" if found else None


def changed_in_place(backend: Backend, readiness: Readiness, template: str | None) -> str | None:
    """The same for a workload that need not run in full, such as a standby."""
    found = list(_changes(backend, readiness, template)) if readiness.image is not None else []
    return f"{backend.workload}: {'; '.join(found)}" if found else None


def _changes(backend: Backend, readiness: Readiness, template: str | None) -> Iterator[str]:
    if readiness.image != backend.image:
        yield f"its image was changed in place to {readiness.image}, released was {backend.image}"
    elif template is not None and readiness.template not in (None, template):
        yield "what its pods run was changed in place since it was released (see kubectl rollout history)"


def lacking(backend: Backend, readiness: Readiness) -> str | None:
    """The replicas that are not ready, and why; None while all are."""
    wanted = max(readiness.desired, backend.replicas)
    ready = min(readiness.ready, readiness.endpoints_ready)
    if ready >= wanted:
        return None
    why = f": {readiness.problem}" if readiness.problem else ""
    return f"{backend.workload}: {ready} of {wanted} replicas ready{why}"
