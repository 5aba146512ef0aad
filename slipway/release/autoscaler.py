"""The object that scales one revision, as its manifest says. Pure."""

from __future__ import annotations

from typing import Any

from slipway.release.manifest.autoscaling import Autoscaling, filled

MINIMUM = {"hpa": "minReplicas", "keda": "minReplicaCount"}
"""Kind of autoscaler -> the field of its spec that a rollout writes while traffic moves."""
MAXIMUM = {"hpa": "maxReplicas", "keda": "maxReplicaCount"}
Json = dict[str, Any]


def autoscaler_spec(scaling: Autoscaling, workload: str, revision: str) -> Json:
    """The spec of a HorizontalPodAutoscaler, or of a ScaledObject of KEDA, over a Deployment."""
    if scaling.keda is None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload}
        metrics = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in scaling.metrics]
        spec: Json = {"minReplicas": scaling.least, "maxReplicas": scaling.most, "metrics": metrics}
        spec |= {} if scaling.behavior is None else {"behavior": scaling.behavior}
    else:
        target = {"name": workload}
        spec = scaling.keda.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"annotations"})
    found: Json = filled({"scaleTargetRef": target, **spec}, revision)
    return found
