"""What a manifest may add to the pods and the Service that Slipway renders: sidecars, volumes, labels, ports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from slipway.release.labels import REVISION_LABEL, SERVICE_LABEL
from slipway.release.manifest.base import FrozenModel

AnnotationName = Annotated[
    str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
]
LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")]
Port = Annotated[int, Field(ge=1, le=65535)]

OWN_LABELS = frozenset({SERVICE_LABEL, REVISION_LABEL, "app.kubernetes.io/name"})
"""By which Deployment, Service and rollout find the pods."""

PodPatch = dict[str, Any]
"""A partial PodSpec, merged over the rendered one."""


class PodMetadata(FrozenModel):
    """Labels and annotations of the pods, such as those that a mesh's injector looks for."""

    labels: dict[AnnotationName, LabelValue] = {}
    annotations: dict[AnnotationName, str] = {}

    @field_validator("labels")
    @classmethod
    def _not_ours(cls, value: dict[str, str]) -> dict[str, str]:
        if taken := sorted(OWN_LABELS & set(value)):
            raise ValueError(f"{', '.join(taken)}: Slipway finds the pods by it; choose another name")
        return value


class ServicePort(FrozenModel):
    """One more port of the Service, such as the metrics of a sidecar. The traffic of the route never goes there."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    port: Port
    target_port: Port | None = None
    """Of the pods; the same as `port` when left out."""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    app_protocol: str | None = None


class ServicePatch(FrozenModel):
    """What is added to the Service of a revision."""

    annotations: dict[AnnotationName, str] = {}
    ports: tuple[ServicePort, ...] = ()
