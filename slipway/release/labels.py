"""The labels by which the objects of one revision are found."""

from __future__ import annotations

MANAGED_BY = {"app.kubernetes.io/managed-by": "slipway"}
"""On every object that Slipway writes itself."""
PART_LABEL = "slipway.dev/part"
"""What such an object is."""
SERVICE_LABEL = "slipway.dev/service"
REVISION_LABEL = "slipway.dev/revision"
STACK_LABEL = "slipway.dev/stack"
"""`project/stack` that declares a route or a function, in its annotations or tags."""


def selector(service: str, revision: str) -> dict[str, str]:
    """Labels of all objects of one revision, and of its pods alone: Deployment and Service select by these."""
    return {SERVICE_LABEL: service, REVISION_LABEL: revision}
