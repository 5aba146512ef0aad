"""What scales a workload with its load: a HorizontalPodAutoscaler, or a ScaledObject of KEDA.

Each revision has one of its own, so a metric of it must count that revision alone: `{revision}` in a name, a selector
or a query is replaced by the revision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from slipway.release.manifest.base import FrozenModel

REVISION = "{revision}"
"""Replaced by the revision in everything that an autoscaler is told."""
PAUSED = "autoscaling.keda.sh/paused"
"""Annotations of this name stop KEDA, at a fixed number of replicas where that is given."""
OF_THE_PODS = ("Resource", "ContainerResource", "Pods")
"""Types of metrics that are read of the pods of the workload itself."""
OF_THE_PODS_BY_KEDA = ("cpu", "memory")
SOURCES = {
    "Resource": "resource",
    "ContainerResource": "container_resource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
"""Type of a metric -> its field."""
VALUES = {"Utilization": "averageUtilization", "Value": "value", "AverageValue": "averageValue"}
"""Type of a target -> its field."""

Count = Annotated[int, Field(ge=1, le=1000)]
Json = dict[str, Any]


class ScalingMetric(FrozenModel):
    """A metric of `autoscaling/v2`, in the names of that API."""

    type: Literal["Resource", "ContainerResource", "Pods", "Object", "External"]
    resource: Json | None = None
    container_resource: Json | None = None
    pods: Json | None = None
    object: Json | None = None
    external: Json | None = None

    @property
    def source(self) -> Json:
        """What the metric is and the value that is aimed at."""
        return getattr(self, SOURCES[self.type]) or {}

    @model_validator(mode="after")
    def _one_source_with_a_target(self) -> ScalingMetric:
        given = [kind for kind, field in SOURCES.items() if getattr(self, field) is not None]
        if given != [self.type]:
            wanted = f"{self.type[0].lower()}{self.type[1:]}"
            raise ValueError(f"a metric of type {self.type} is described under {wanted}, and under nothing else")
        target = self.source.get("target")
        kind = target.get("type") if isinstance(target, Mapping) else None
        if kind not in VALUES or VALUES[str(kind)] not in target:  # type: ignore[operator]
            shown = " or ".join(f"{{type: {kind}, {field}: ...}}" for kind, field in VALUES.items())
            raise ValueError(f"target is needed: {shown}")
        return self


class Keda(FrozenModel):
    """A ScaledObject: its spec without `scaleTargetRef`, and its annotations. It never scales to zero, since a version
    without pods cannot take the traffic back."""

    min_replica_count: Count
    max_replica_count: Count
    triggers: Annotated[tuple[Json, ...], Field(min_length=1)]
    polling_interval: Annotated[int, Field(ge=1)] | None = None
    cooldown_period: Annotated[int, Field(ge=0)] | None = None
    initial_cooldown_period: Annotated[int, Field(ge=0)] | None = None
    fallback: Json | None = None
    advanced: Json | None = None
    annotations: dict[str, str] = {}

    @field_validator("triggers")
    @classmethod
    def _have_types(cls, value: tuple[Json, ...]) -> tuple[Json, ...]:
        for index, trigger in enumerate(value):
            if not isinstance(trigger.get("type"), str) or not isinstance(trigger.get("metadata"), dict):
                raise ValueError(f"triggers[{index}] needs type and metadata")
        return value

    @field_validator("annotations")
    @classmethod
    def _not_paused(cls, value: dict[str, str]) -> dict[str, str]:
        paused = sorted(name for name in value if name.startswith(PAUSED))
        if paused:
            raise ValueError(
                f"{', '.join(paused)} stops the autoscaler, so that nothing follows the traffic; leave it out, the "
                "rollout itself holds the replicas by minReplicaCount"
            )
        return value

    @field_validator("advanced")
    @classmethod
    def _named_by_the_revision(cls, value: Json | None) -> Json | None:
        config = (value or {}).get("horizontalPodAutoscalerConfig")
        name = config.get("name") if isinstance(config, dict) else None
        if name is not None and REVISION not in str(name):
            raise ValueError(
                f"horizontalPodAutoscalerConfig.name {name} would be the same for every version; leave it out"
            )
        return value


class Autoscaling(FrozenModel):
    """Either `min`, `max` and `metrics` with `behavior`, or `keda`."""

    minimum: Annotated[Count | None, Field(alias="min")] = None
    maximum: Annotated[Count | None, Field(alias="max")] = None
    metrics: tuple[ScalingMetric, ...] = ()
    behavior: Json | None = None
    keda: Keda | None = None

    @property
    def kind(self) -> Literal["hpa", "keda"]:
        """Which object scales: a HorizontalPodAutoscaler, or a ScaledObject."""
        return "hpa" if self.keda is None else "keda"

    @property
    def least(self) -> int:
        """Replicas that there always are."""
        return (self.minimum if self.keda is None else self.keda.min_replica_count) or 1

    @property
    def most(self) -> int:
        """Replicas that there are at most."""
        return (self.maximum if self.keda is None else self.keda.max_replica_count) or 1

    def shared(self) -> Iterator[tuple[str, str]]:
        """Place and description of each metric that counts all versions of the service: it neither is one of the
        workload's own pods nor names the revision."""
        for index, metric in enumerate(self.metrics):
            if metric.type not in OF_THE_PODS and REVISION not in str(metric.source):
                yield f"metrics[{index}]", f"{metric.type} metric {_name(metric)}"
        for index, trigger in enumerate(self.keda.triggers if self.keda is not None else ()):
            if trigger["type"] not in OF_THE_PODS_BY_KEDA and REVISION not in str(trigger):
                yield f"keda.triggers[{index}]", f"trigger {trigger['type']}"


def _name(metric: ScalingMetric) -> str:
    found = metric.source.get("metric")
    return str(found.get("name", "")) if isinstance(found, Mapping) else ""


def filled(value: Any, revision: str) -> Any:  # noqa: ANN401 - JSON is what it is
    """The same JSON value with the revision instead of `{revision}`."""
    if isinstance(value, str):
        return value.replace(REVISION, revision)
    if isinstance(value, Mapping):
        return {filled(key, revision): filled(each, revision) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [filled(each, revision) for each in value]
    return value
