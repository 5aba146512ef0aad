"""The inputs of the Rollout resource: the one contract between the components and the provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from slipway.release.data_plane import DataPlane, ProxyPlace
from slipway.release.data_planes import CUSTOM, PROXIES, Profile, data_plane_of, profile_name
from slipway.release.difference import Difference, differences
from slipway.release.errors import InputError
from slipway.release.escalation.setting import EscalationRoute, EscalationSetting
from slipway.release.http_access import HttpAccess, QueryAccess
from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.governance import Owner, Retry
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.plan import Kind as RolloutKind
from slipway.release.manifest.plan import PlannedStep, planned_steps
from slipway.release.manifest.release import Release
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import BlueGreen, Canary, Rolling
from slipway.release.manifest.watch import alphas
from slipway.release.manifest.workload import External
from slipway.release.proxies_setting import ProxiesSetting
from slipway.release.records.store import RecordsSetting
from slipway.release.revision import entry_name, revision_of, scaled_by_rollout, workload_name
from slipway.release.run_setting import RunSetting
from slipway.release.strategy import chosen
from slipway.release.target import Kind, KubernetesTarget, Target, Targeted, recorded_target
from slipway.release.units import Seconds
from slipway.release.urls import ServerUrl
from slipway.release.watch_inputs import WatchInputs


class Autoscaled(FrozenModel):
    """By what a version is scaled with its load, and between which numbers of replicas."""

    kind: Literal["hpa", "keda"]
    minimum: Annotated[int, Field(alias="min", ge=1)]
    maximum: Annotated[int, Field(alias="max", ge=1)]
    shared: tuple[str, ...] = ()
    """Metrics that count every version of the service, each with its place in the manifest."""
    name: str | None = None
    """Of the autoscaler; None where it has the name of the workload."""


class Backend(FrozenModel):
    """One version of the service in the data plane. All names live in the service's target, and `platform` says of what
    they are names."""

    platform: Kind = "kubernetes"
    revision: str
    version: str
    image: str
    workload: Annotated[str, Field(alias="deployment")]
    """Name of what runs it: the Deployment, the ECS service, or the version of a function."""
    entry: Annotated[str, Field(alias="service")]
    """Its name in the router: the Service that the route sends to, or the target group."""
    port: int
    replicas: int
    """As declared; with an autoscaler the least."""
    ready_within: Seconds
    scaled_by_rollout: bool
    """True when `spec.replicas` is undeclared and the executor owns it (rolling)."""
    autoscaled: Autoscaled | None = None
    """None where nothing scales it."""
    external: bool | None = None
    """True where something else declares the workload: it is never created, deleted or patched by Slipway."""
    container: str | None = None
    """The container that runs the image, where that is not the one named after the service."""

    @property
    def label(self) -> str:
        """For messages: `2.0 (3f9a2c1b9d0e4f5a6b7c)`."""
        return f"{self.version} ({self.revision})"

    @classmethod
    def of(cls, release: Release, target: Target) -> Backend:
        """The backend of a release in a target: every name follows from its revision."""
        if release.workload.external is not None:
            return cls._of_external(release, release.workload.external, target.kind)
        revision = revision_of(release)
        workload = release.workload
        return cls(
            platform=target.kind,
            revision=revision,
            version=release.version,
            image=release.artifact.image,
            workload=workload_name(release.service, revision),
            entry=entry_name(release.service, revision, target),
            port=workload.port,
            replicas=workload.least_replicas,
            ready_within=workload.ready_within,
            scaled_by_rollout=scaled_by_rollout(release),
            autoscaled=None
            if (scaling := workload.autoscaling) is None
            else Autoscaled(
                kind=scaling.kind,
                minimum=scaling.least,
                maximum=scaling.most,
                shared=tuple(f"workload.autoscaling.{place} ({what})" for place, what in scaling.shared()),
            ),
        )

    @classmethod
    def _of_external(cls, release: Release, external: External, platform: Kind) -> Backend:
        """The names are the manifest's."""
        scaler, named = external.autoscaler, external.of_version(release.version)
        return cls(
            platform=platform,
            revision=revision_of(release),
            version=release.version,
            image=release.artifact.image,
            workload=named.deployment,
            entry=named.service,
            port=release.workload.port,
            replicas=release.workload.least_replicas,
            ready_within=release.workload.ready_within,
            scaled_by_rollout=False,
            autoscaled=None
            if scaler is None
            else Autoscaled(kind=scaler.kind, minimum=scaler.minimum, maximum=scaler.maximum, name=scaler.name),
            external=True,
            container=external.container,
        )


class AccessLog(FrozenModel):
    """The gateway's access log, one JSON object a line, as a file where the rollout runs. `path` may be a pattern
    for several files, one for each proxy; the others name the fields of a record."""

    path: Annotated[str, Field(pattern=r"^/")]
    cluster: Annotated[str, Field(min_length=1)] = "upstream_cluster"
    status: Annotated[str, Field(min_length=1)] = "response_code"


MINUTE = 60.0
"""Seconds of one count in CloudWatch."""
DEFAULT_LATENESS = 90.0
TenantName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!_.*'()-]+$")]
"""Of a server of logs or traces that has several tenants."""


class LogsSource(FrozenModel):
    """A server of logs. `lag` is how long a line may take until it can be read: what is logged later is lost."""

    kind: Literal["victoria-logs", "loki"]
    url: ServerUrl
    http: HttpAccess | None = None
    tenant: TenantName | None = None
    """Of a Loki that has several."""
    lag: Annotated[Seconds, Field(ge=5, le=300)] = 5.0

    @model_validator(mode="after")
    def _only_loki_has_tenants(self) -> LogsSource:
        if self.tenant is not None and self.kind != "loki":
            raise ValueError("tenant belongs to `kind: loki`")
        return self


class TracesSource(FrozenModel):
    """A server of traces. `lag` is how long a span may take until it is counted: what comes later is lost."""

    kind: Literal["tempo"]
    url: ServerUrl
    http: HttpAccess | None = None
    tenant: TenantName | None = None
    lag: Annotated[Seconds, Field(ge=5, le=300)] = 30.0


class MetricsSource(QueryAccess):
    """Where the counts come from; an unknown kind is an error. `cloudwatch` reads the load balancer of a target of kind
    ecs; of the other fields it has `lateness` alone: how long after its end a minute is trusted to be whole."""

    kind: Literal["prometheus", "proxies", "cloudwatch"]
    """`proxies`: errors and latency are read from the proxies themselves, all else from Prometheus if there is one."""
    url: Annotated[ServerUrl | None, Field(validate_default=True)] = None
    """Of Prometheus."""
    proxies: ProxiesSetting | None = None
    profile: Profile | None = None
    """How the data plane names its counters; as Contour does when left out."""
    access_log: AccessLog | None = None
    logs: LogsSource | None = None
    traces: TracesSource | None = None
    lateness: Annotated[Seconds, Field(ge=0, le=600)] | None = None

    @model_validator(mode="after")
    def _has_what_its_kind_has(self) -> MetricsSource:
        if self.kind != "cloudwatch":
            if self.lateness is not None:
                raise ValueError("lateness is for kind cloudwatch")
            if self.kind == "proxies":
                self.proxy_place  # noqa: B018 - raises
            return self
        others = sorted(self.model_fields_set - {"kind", "lateness"})
        given = [type(self).model_fields[name].alias or name for name in others if getattr(self, name) is not None]
        if given:
            raise ValueError(f"kind cloudwatch has no {', '.join(given)}: leave that out, or write kind: prometheus")
        return self

    @property
    def settles(self) -> float:
        """Seconds after its end until a minute of CloudWatch is whole."""
        return DEFAULT_LATENESS if self.lateness is None else self.lateness

    @property
    def delay(self) -> float:
        """Seconds after a change of the weights until the first counts come that are of the time after it alone: until
        the next whole minute has passed and settled. 0 for a source that is as quick as its scrapes."""
        return 2 * MINUTE + self.settles if self.kind == "cloudwatch" else 0.0

    @field_validator("url")
    @classmethod
    def _prometheus_has_an_address(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None and info.data.get("kind") == "prometheus":
            raise PydanticCustomError("missing", "Field required")
        return url

    @field_validator("proxies")
    @classmethod
    def _are_asked(cls, proxies: ProxiesSetting | None, info: ValidationInfo) -> ProxiesSetting | None:
        if proxies is not None and info.data.get("kind") == "prometheus":
            raise ValueError("are not asked with kind: prometheus; write kind: proxies, or leave them out")
        return proxies

    @property
    def proxy_place(self) -> ProxyPlace:
        """Where each proxy shows its statistics, by setting and profile. Raises ValueError for what neither says."""
        given, name = self.proxies, profile_name(self.profile)
        if given is None:
            raise ValueError("needs proxies: {namespace: projectcontour}, the namespace of the gateway's pods")
        usual = PROXIES.get(name)
        if usual is None and name != CUSTOM:
            raise ValueError(
                f"cannot ask the proxies with profile {name}, which is counted elsewhere; write kind: prometheus, or "
                f"one of {', '.join(PROXIES)}"
            )
        return given.place(usual, name)

    @property
    def proxies_namespace(self) -> str | None:
        """Where the right to read proxies is needed; None where it is not."""
        return None if self.proxies is None else self.proxies.namespace

    @property
    def data_plane(self) -> DataPlane:
        """What the profile says."""
        return data_plane_of(self.profile)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of all credentials and certificates, each once."""
        servers = (self, self.logs, self.traces)
        found = [path for one in servers if one is not None and one.http is not None for path in one.http.files]
        return tuple(dict.fromkeys(found))


class TrafficProbe(FrozenModel):
    """A bounded probe as the traffic of a stack without users."""

    rate: Annotated[float, Field(gt=0, le=50)]
    path: str = "/"


FROM_MANIFEST = ("service", "candidate", "route", "strategy", "guardrails", "analysis", "watch", "retry", "owner")
"""What a Rollout takes from its release's manifest and from nowhere else; the rest is the stack's."""


class RolloutInputs(Targeted):
    """Everything that the provider needs in order to move the traffic of one service to `candidate`."""

    service: str
    candidate: Backend
    standby: Backend | None = None
    """Kept warm after the rollout; None when the old version goes."""
    route: Route
    strategy: Annotated[Canary | BlueGreen | Rolling, Field(discriminator="kind")]
    guardrails: tuple[Guardrail, ...]
    analysis: Analysis
    """As in the manifest, but `false_abort` is the rollout's part alone where a watch follows."""
    watch: WatchInputs | None = None
    """What follows the commit; None where the release is not watched."""
    metrics: MetricsSource
    gateway_url: ServerUrl | None = None
    """Where the gateway answers, for smoke checks and the probe; the host name goes into the Host header."""
    probe: TrafficProbe | None = None
    records: RecordsSetting | None = None
    """Where release records are written; beside the journal when left out."""
    run: RunSetting | None = None
    """How a Job of the cluster carries the rollout out; None for a rollout on the host."""
    retry: Retry | None = None
    owner: Owner
    escalation: EscalationRoute | None = None
    """By which receivers the owner is told; None where it is not told."""
    manifest: str
    """Path of the manifest in the project, for messages and history."""

    @classmethod
    def of(
        cls,
        release: Release,
        *,
        target: Target,
        metrics: MetricsSource,
        manifest: str,
        standby: Release | None = None,
        gateway_url: str | None = None,
        probe: TrafficProbe | None = None,
        records: RecordsSetting | None = None,
    ) -> RolloutInputs:
        """The Rollout of a release in a stack: the one place where a manifest becomes a Rollout."""
        return cls(
            service=release.service,
            target=target.at(release.service),
            candidate=Backend.of(release, target),
            standby=None if standby is None else Backend.of(standby, target),
            route=release.route,
            strategy=chosen(release),
            guardrails=release.guardrails,
            analysis=release.analysis.model_copy(
                update={"false_abort": alphas(release.analysis.false_abort, release.watch)[0]}
            ),
            watch=WatchInputs.of(release),
            metrics=metrics,
            gateway_url=gateway_url,
            probe=probe,
            records=records,
            retry=release.retry,
            owner=release.owner,
            manifest=manifest,
        )

    def running(self, run: RunSetting | None) -> RolloutInputs:
        """The same, carried out where the stack says."""
        return self.model_copy(update={"run": run if run is not None and run.in_cluster else None})

    def escalating(self, setting: EscalationSetting | None) -> RolloutInputs:
        """The same, with the receivers of its owner."""
        return self.model_copy(update={"escalation": None if setting is None else setting.route(self.owner.team)})

    def plan(self, kind: RolloutKind) -> tuple[PlannedStep, ...]:
        """The steps of a rollout of this kind."""
        return planned_steps(self.strategy, self.candidate.replicas, kind)

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON values with camelCase keys, None left out: what the engine stores and diffs."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def altered(props: Mapping[str, Any], release: Release) -> list[Difference]:
    """Where a Rollout as it is declared (`to_wire`) differs from what the manifest of its release says."""
    nowhere = MetricsSource(kind="prometheus", url="http://none.invalid")
    try:
        where = recorded_target(props)
    except InputError:
        where = KubernetesTarget(namespace="nowhere")
    true = RolloutInputs.of(release, target=where, metrics=nowhere, manifest="").to_wire()
    return [one for name in FROM_MANIFEST for one in differences(name, props.get(name), true.get(name))]
