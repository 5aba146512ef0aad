"""The inputs of the component `slipway:index:Service`, by which programs in other languages release a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError, model_validator

from slipway.release.declared import DeclaredRelease, read_manifest
from slipway.release.errors import InputError, Problem
from slipway.release.escalation.setting import REMEDIES as ESCALATION
from slipway.release.escalation.setting import EscalationSetting, unrouted
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.migration_files import MigrationSource, read_migrations
from slipway.release.evidence.references import Sources
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.document import Document
from slipway.release.manifest.problems import problems_of
from slipway.release.migrations.databases import Database
from slipway.release.reachability import (
    ACCESS_LOG,
    GATEWAY_URL,
    LOGS,
    TRACES,
    missing_addresses,
    out_of_a_pods_reach,
    unreadable,
)
from slipway.release.records.store import RecordsSetting
from slipway.release.release_inputs import GateSetting
from slipway.release.rollout_inputs import MetricsSource, TrafficProbe
from slipway.release.run_setting import REMEDY as RUN_REMEDY
from slipway.release.run_setting import RunSetting
from slipway.release.target import DnsLabel, Targeted
from slipway.release.urls import ServerUrl

REMEDIES = {
    "manifest": "Give manifest: the path of a release's manifest, such as releases/checkout/2026.11.23-1.yaml",
    "namespace": "Give namespace: the Kubernetes namespace of the services, such as shop",
    "target": "Give target: {name: eu, context: eu-prod, namespace: shop}, or only namespace",
    "metrics": "Give metrics: {kind: prometheus, url: http://prometheus.example:9090}",
    "probe": "Give probe: {rate: 5, path: /}, requests a second, at most 50",
    "records": "Give records: {kind: folder, path: /var/lib/releases}, or leave it out: beside the journal",
    "database": "Give database: {kind: postgresql, url: {env: CHECKOUT_DATABASE_URL}}, or leave it out",
    "run": RUN_REMEDY.replace("Write run", "Give run"),
    **ESCALATION,
    "gates": "Give gates: {mode: off, reason: why}, or {config: policies/config/prod.json}, or leave it out",
    GATEWAY_URL: "Give gatewayUrl: where the gateway answers, such as http://gateway.example",
    LOGS: "Give metrics.logs: {kind: victoria-logs, url: http://victoria-logs.example:9428}",
    TRACES: "Give metrics.traces: {kind: tempo, url: http://tempo.example:3200}",
    ACCESS_LOG: "Give metrics.accessLog: {path: /var/log/envoy/access.jsonl}, a file where the rollout runs",
}


class ServiceInputs(Targeted):
    """One service in one target, as a stack releases it."""

    manifest: Annotated[str, Field(description="Path of the release's manifest in the project.")]
    standby: Annotated[
        str | None, Field(description="Path of the manifest of an earlier release whose workload stays warm.")
    ] = None
    metrics: Annotated[MetricsSource, Field(description="Where the counts of the data plane come from.")]
    gateway_url: Annotated[
        ServerUrl | None,
        Field(description="Where the gateway answers; needed by smoke checks and the probe, else it may be left out."),
    ] = None
    probe: Annotated[
        TrafficProbe | None, Field(description="A bounded probe as the traffic of a stack without users.")
    ] = None
    run: Annotated[
        RunSetting | None, Field(description="Where the rollout runs; on the host of pulumi up when left out.")
    ] = None
    escalation: Annotated[
        EscalationSetting | None,
        Field(description="Which events are escalated, and to whom; none are when it is left out."),
    ] = None
    gates: Annotated[
        GateSetting,
        Field(description="Enforced with policies/config/<stack>.json of the project unless this says otherwise."),
    ] = GateSetting()
    records: Annotated[
        RecordsSetting | None,
        Field(description="Where release records are written; in the cluster beside the journal when left out."),
    ] = None
    database: Annotated[
        Database | None,
        Field(description="Where the release's migrations are applied; by other means when it is left out."),
    ] = None


class RolloutAccessInputs(FrozenModel):
    """The rights that rollouts need in one namespace."""

    namespace: Annotated[DnsLabel, Field(description="The Kubernetes namespace of the services.")]
    service_account: Annotated[
        DnsLabel, Field(description="The ServiceAccount that is made and bound to the Role.")
    ] = "slipway-rollout"
    runner: Annotated[
        DnsLabel | None,
        Field(
            description="The ServiceAccount of rollouts that run in the cluster, which gets the rights of a rollout; "
            "the other one then may only start and follow them."
        ),
    ] = None

    proxies: Annotated[
        DnsLabel | None,
        Field(
            description="The namespace of the gateway's proxies, where both accounts may read their statistics "
            "(metrics of the kind proxies); no such right when left out."
        ),
    ] = None

    @model_validator(mode="after")
    def _are_two(self) -> RolloutAccessInputs:
        if self.runner == self.service_account:
            raise ValueError("runner must be another account than serviceAccount")
        return self


@dataclass(frozen=True, slots=True)
class ReadService:
    """A service whose manifests were read, with the scripts of its release."""

    inputs: ServiceInputs
    declared: DeclaredRelease
    standby: DeclaredRelease | None
    migrations: tuple[MigrationSource, ...]


PartT = TypeVar("PartT", bound=FrozenModel)


def parse(model: type[PartT], subject: str, inputs: Mapping[str, Any]) -> PartT:
    """Validate what a program gives: camelCase names and plain values. Raises InputError; values are not shown."""
    document = Document(data=dict(inputs))
    try:
        return model.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InputError(subject, problems_of(error, model, document, REMEDIES, secret=True)) from None


def read(subject: str, inputs: ServiceInputs, project: Path) -> ReadService:
    """Read the manifests that the inputs name, below the project's folder. Raises InputError with all problems."""
    problems: list[Problem] = []
    declared = _read(project, inputs.manifest, problems)
    standby = None if inputs.standby is None else _read(project, inputs.standby, problems)
    if declared is not None:
        probe = None if inputs.probe is None else "probe"
        problems += missing_addresses([declared.release], inputs.metrics, inputs.gateway_url, probe, REMEDIES)
        problems += unreadable([declared.release], inputs.metrics)
        outbox = inputs.escalation.outbox if inputs.escalation is not None else None
        problems += out_of_a_pods_reach(inputs.run, inputs.metrics, inputs.gateway_url, outbox)
        problems += unrouted(inputs.escalation, [(declared.release.service, declared.release.owner.team)])
        if standby is not None:
            problems += _compared(declared, standby)
        if not problems:
            sources = Sources(project, str(PurePosixPath(inputs.manifest).parent))
            return ReadService(inputs, declared, standby, read_migrations(declared.release, sources))
    raise InputError(subject, problems)


def _read(project: Path, path: str, problems: list[Problem]) -> DeclaredRelease | None:
    try:
        return read_manifest(project, path)
    except EvidenceError as error:
        problems.append(Problem(path, error.detail, "Write the path of a manifest inside the project's folder"))
    except InputError as error:
        problems += [Problem(f"{path}: {p.path}", p.message, p.remedy, p.line) for p in error.problems]
    return None


def _compared(declared: DeclaredRelease, standby: DeclaredRelease) -> list[Problem]:
    remedy = "Name an earlier release of the same service, or leave standby out"
    release, earlier = declared.release, standby.release
    if earlier.service != release.service:
        return [Problem("standby", f"is a release of {earlier.service}, not of {release.service}", remedy)]
    if earlier.version == release.version:
        return [Problem("standby", f"has the same version as the release ({release.version})", remedy)]
    if standby.revision == declared.revision:
        return [Problem("standby", f"is the same revision as the release ({declared.revision})", remedy)]
    return []
