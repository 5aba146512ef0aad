"""One service from the path of its manifest: the face of the topologies for programs in other languages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, cast

import pulumi

from components.cluster import cluster_options
from components.resources import Release
from components.service import service
from components.topology import TopologyArgs
from slipway.release.migrations.inputs import MigrationsInputs
from slipway.release.release_inputs import ReleaseInputs
from slipway.release.service_inputs import ReadService, ServiceInputs, parse, read
from slipway.release.tokens import SERVICE


class AccessLogArgs(TypedDict):
    """The gateway's access log as a file where the rollout runs."""

    path: str
    cluster: NotRequired[str]
    status: NotRequired[str]


class LogsArgs(TypedDict):
    """A server of logs; `lag` such as 5s."""

    kind: Literal["victoria-logs", "loki"]
    url: str
    tenant: NotRequired[str]
    lag: NotRequired[str]


class TracesArgs(TypedDict):
    """A server of traces; `lag` such as 30s."""

    kind: Literal["tempo"]
    url: str
    tenant: NotRequired[str]
    lag: NotRequired[str]


class MetricsArgs(TypedDict):
    """Where the counts of the data plane come from."""

    kind: Literal["prometheus"]
    url: str
    accessLog: NotRequired[AccessLogArgs]
    logs: NotRequired[LogsArgs]
    traces: NotRequired[TracesArgs]


class ProbeArgs(TypedDict):
    """A bounded probe as the traffic of a stack without users; `rate` is requests a second."""

    rate: float
    path: NotRequired[str]


class GatesArgs(TypedDict):
    """The gates of the release: enforced, or off with a reason."""

    mode: NotRequired[Literal["enforce", "off"]]
    config: NotRequired[str]
    reason: NotRequired[str]


class RecordsArgs(TypedDict):
    """Where release records are written: in the cluster, or in a folder."""

    kind: NotRequired[Literal["cluster", "folder"]]
    path: NotRequired[str]


class SecretArgs(TypedDict):
    """Where a secret is, and never the secret: a file or a variable of the environment."""

    file: NotRequired[str]
    env: NotRequired[str]


class DatabaseArgs(TypedDict):
    """Where the release's migrations are applied; `within` such as 5m."""

    kind: Literal["postgresql"]
    url: SecretArgs
    within: NotRequired[str]


RunArgs = TypedDict(
    "RunArgs",
    {
        "in": Literal["host", "cluster"],
        "image": NotRequired[str],
        "serviceAccount": NotRequired[str],
        "secret": NotRequired[str],
        "startWithin": NotRequired[float],
        "onLostFollower": NotRequired[Literal["continue", "abort"]],
    },
)
"""Where the rollout runs: on the host of `pulumi up`, or in a Job of the cluster from this image."""


class TargetArgs(TypedDict):
    """A namespace of a cluster; `name` is the project's for the cluster, `context` its one in the kubeconfig."""

    kind: NotRequired[Literal["kubernetes"]]
    name: NotRequired[str]
    context: NotRequired[str]
    namespace: str


class ServiceArgs(TypedDict):
    """What a stack says of one service, all plain values: they decide which resources there are. The paths are in the
    project's folder."""

    manifest: str
    standby: NotRequired[str]
    namespace: NotRequired[str]
    target: NotRequired[TargetArgs]
    metrics: MetricsArgs
    gatewayUrl: NotRequired[str]
    probe: NotRequired[ProbeArgs]
    run: NotRequired[RunArgs]
    escalation: NotRequired[Mapping[str, Any]]
    gates: NotRequired[GatesArgs]
    records: NotRequired[RecordsArgs]
    database: NotRequired[DatabaseArgs]


class Service(pulumi.ComponentResource):
    """A Release, and behind its gates the topology of its strategy. `version` and `revision` are those of the manifest;
    the other outputs are the Rollout's."""

    service: pulumi.Output[str]
    version: pulumi.Output[str]
    revision: pulumi.Output[str]
    strategy: pulumi.Output[str]
    weights: pulumi.Output[Mapping[str, float]]
    serving: pulumi.Output[Mapping[str, Any] | None]
    outcome: pulumi.Output[Mapping[str, Any] | None]
    record: pulumi.Output[Mapping[str, Any] | None]
    watched: pulumi.Output[Mapping[str, float] | None]

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Reads the manifests before anything is registered. Raises InputError with everything that is wrong."""
        found = read(name, parse(ServiceInputs, name, cast("Mapping[str, Any]", args)), Path.cwd())
        super().__init__(SERVICE, name, {}, opts)
        if (notice := found.inputs.gates.notice(pulumi.get_stack())) is not None:
            pulumi.log.warn(notice, self)
        cluster = cluster_options(found.inputs.where, f"kubernetes-{name}", self)
        opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), cluster)
        topology = service(self._topology(found), opts)
        self.service = pulumi.Output.from_input(found.declared.release.service)
        self.version = pulumi.Output.from_input(found.declared.release.version)
        self.revision = pulumi.Output.from_input(topology.revision)
        self.strategy = pulumi.Output.from_input(found.declared.release.strategy.kind)
        self.weights = topology.rollout.weights
        self.serving = topology.rollout.serving
        self.outcome = topology.rollout.outcome
        self.record = topology.rollout.record
        self.watched = topology.rollout.watched
        self.register_outputs(self.outputs())

    def outputs(self) -> dict[str, pulumi.Output[Any]]:
        """The outputs by their names in the schema."""
        names = ("service", "version", "revision", "strategy", "weights", "serving", "outcome", "record", "watched")
        return {name: getattr(self, name) for name in names}

    def _topology(self, found: ReadService) -> TopologyArgs:
        inputs, release = found.inputs, found.declared.release
        gated = ReleaseInputs.of(found.declared, inputs.where, inputs.gates, found.migrations)
        return TopologyArgs(
            gate=Release(release.service, gated, pulumi.ResourceOptions(parent=self)),
            release=release,
            standby=None if found.standby is None else found.standby.release,
            manifest=inputs.manifest,
            target=inputs.where,
            metrics=inputs.metrics,
            gateway_url=inputs.gateway_url,
            probe=inputs.probe,
            records=inputs.records,
            run=inputs.run,
            escalation=inputs.escalation,
            migrations=MigrationsInputs.of(found.declared, inputs.database, found.migrations),
        )
