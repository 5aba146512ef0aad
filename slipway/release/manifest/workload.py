"""The whole workload of a release: all of it is part of the revision, so all of it is rolled back together."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from slipway.release.manifest.autoscaling import Autoscaling
from slipway.release.manifest.base import FrozenModel, ObjectName, RequestPath
from slipway.release.manifest.pod_parts import AnnotationName, PodMetadata, PodPatch, Port, ServicePatch
from slipway.release.units import Seconds

EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


ExternalName = Annotated[str, Field(max_length=253, pattern=r"^([a-z0-9.-]|\{version\})*$", min_length=1)]
"""Of an object; `{version}` is the release's."""

MAX_FILES_BYTES = 900_000
"""Kubernetes refuses a ConfigMap above 1 MiB, its names and labels included."""


class SecretReference(FrozenModel):
    """A key of a Kubernetes Secret; the value itself never enters a manifest, a journal or a log."""

    secret: ObjectName
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]


def _quantity(value: object) -> object:
    """YAML reads `cpu: 2` as a number; Kubernetes means the same by the text."""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value


_POWERS = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4}
"""Of a thousand; with an `i`, of 1,024."""


def amount_of(quantity: str) -> Fraction:
    """The number that a quantity of Kubernetes means: processors, or bytes."""
    number = quantity.rstrip("mkKMGTi")
    unit = quantity.removeprefix(number)
    if unit == "m":
        return Fraction(number) / 1000
    if unit.endswith("i"):
        return Fraction(number) * int(1024 ** _POWERS[unit[0].replace("K", "k")])
    return Fraction(number) * int(1000 ** _POWERS[unit])


Quantity = Annotated[str, BeforeValidator(_quantity), Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")]


ResourceName = Annotated[str, Field(pattern=r"^(cpu|memory|ephemeral-storage|hugepages-.+|[^/]+/[^/]+)$")]
"""Without a domain Kubernetes knows these only."""


class Resources(FrozenModel):
    """Kubernetes quantities, such as `{cpu: 100m, memory: 64Mi}`."""

    requests: dict[ResourceName, Quantity] = {}
    limits: dict[ResourceName, Quantity] = {}

    @model_validator(mode="after")
    def _limits_cover_requests(self) -> Resources:
        """Kubernetes would refuse the Deployment, when everything before it is made already."""
        for name, limit in self.limits.items():
            request = self.requests.get(name)
            if request is not None and amount_of(request) > amount_of(limit):
                raise ValueError(f"requests.{name} {request} is more than limits.{name} {limit}")
        return self


class HttpProbe(FrozenModel):
    """An HTTP check of the container on the workload's port."""

    path: RequestPath
    period: Seconds = 2.0
    timeout: Seconds = 1.0
    failures: Annotated[int, Field(ge=1)] = 3

    @field_validator("period", "timeout")
    @classmethod
    def _whole_seconds(cls, value: float) -> float:
        if value < 1 or value != int(value):
            raise ValueError("the kubelet counts probes in whole seconds, 1s or more")
        return value


class Probes(FrozenModel):
    """Readiness is required: without it a pod that does not serve would get traffic."""

    readiness: HttpProbe
    liveness: HttpProbe | None = None
    startup: HttpProbe | None = None


class Drain(FrozenModel):
    """How a pod leaves: it waits `before_stop` after it left the endpoints, then gets SIGTERM and `grace` in all."""

    before_stop: Seconds = 5.0
    grace: Seconds = 30.0

    @model_validator(mode="after")
    def _grace_covers_the_wait(self) -> Drain:
        if self.grace <= self.before_stop:
            raise ValueError("grace must be longer than beforeStop, it includes it")
        return self


class Security(FrozenModel):
    """Who the process is. The other restrictions (no escalation, no capabilities, default seccomp) always hold."""

    run_as_non_root: bool = True
    """With True the image must name a numeric user, unless `run_as_user` does."""
    run_as_user: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _zero_is_root(self) -> Security:
        if self.run_as_non_root and self.run_as_user == 0:
            raise ValueError("runAsUser: 0 is root, which runAsNonRoot forbids")
        return self


class ExternalAutoscaler(FrozenModel):
    """What scales a workload that Slipway did not make; its minimum is raised while traffic may return, and `min` is
    written back after that."""

    kind: Literal["hpa", "keda"] = "hpa"
    name: ObjectName
    minimum: Annotated[int, Field(alias="min", ge=1)]
    maximum: Annotated[int, Field(alias="max", ge=1)]

    @model_validator(mode="after")
    def _in_order(self) -> ExternalAutoscaler:
        if self.minimum > self.maximum:
            raise ValueError(f"min {self.minimum} is more than max {self.maximum}")
        return self


class External(FrozenModel):
    """A Deployment and a Service that something else declares, such as a Helm chart. Slipway neither creates, changes
    nor deletes them, but moves the traffic of the Service; `{version}` in a name stands for the release's version."""

    deployment: ExternalName
    service: ExternalName
    autoscaler: ExternalAutoscaler | None = None
    container: ObjectName | None = None
    """The container that runs the artifact; needed where the pod has several."""

    def of_version(self, version: str) -> External:
        """With the names as this version has them."""
        names = {name: getattr(self, name).replace("{version}", version) for name in ("deployment", "service")}
        return self.model_copy(update=names)


class Workload(FrozenModel):
    """What runs: one container with its configuration and what is added to its pod, ready within `ready_within`
    seconds; `replicas` of it, or as many as `autoscaling` finds right."""

    port: Port
    replicas: Annotated[int, Field(ge=1, le=1000)] | None = None
    autoscaling: Autoscaling | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: dict[EnvironmentName, str] = {}
    secret_env: dict[EnvironmentName, SecretReference] = {}
    files: dict[str, str] = {}
    """Configuration files, absolute path -> content; they live in a ConfigMap of the same revision."""
    resources: Resources = Resources()
    probes: Probes
    drain: Drain = Drain()
    security: Security = Security()
    ready_within: Annotated[Seconds, Field(gt=0)] = 120.0
    service_account: ObjectName | None = None
    annotations: dict[AnnotationName, str] = {}
    """Of the pods, such as those by which a Prometheus finds what to scrape."""
    max_unavailable: Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^(100|[0-9]{1,2})%$")] = 1
    """Of the PodDisruptionBudget."""
    app_protocol: Literal["http", "h2c"] = "http"
    pod: PodPatch = {}
    """A partial PodSpec that is merged over the one rendered from the other fields, by Kubernetes' strategic merge."""
    pod_metadata: PodMetadata = PodMetadata()
    service: ServicePatch = ServicePatch()
    external: External | None = None
    """Where something else declares the workload; the other fields then say what it is, and make nothing."""

    @property
    def least_replicas(self) -> int:
        """The pods that there always are."""
        if self.external is not None and self.external.autoscaler is not None:
            return self.external.autoscaler.minimum
        return self.autoscaling.least if self.autoscaling is not None else self.replicas or 1

    @field_validator("files")
    @classmethod
    def _absolute_paths(cls, value: dict[str, str]) -> dict[str, str]:
        bad = [path for path in value if not path.startswith("/") or ".." in path.split("/")]
        if bad:
            raise ValueError(f"{', '.join(bad)}: files are named by their absolute path in the container")
        if sum(len(content.encode()) for content in value.values()) > MAX_FILES_BYTES:
            raise ValueError(f"more than {MAX_FILES_BYTES} bytes of files do not fit into a ConfigMap")
        return value

    @field_validator("env")
    @classmethod
    def _strings(cls, value: dict[str, str]) -> dict[str, str]:
        return dict(sorted(value.items()))
