"""The stack's configuration and the manifests that it names -> one frozen value, or every problem at once.

The only reader of `pulumi.Config`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Any

import pulumi
from pydantic import ValidationError

from slipway.release.collisions import collisions
from slipway.release.counted import uncounted
from slipway.release.declared import DeclaredRelease, read_manifest
from slipway.release.ecs_setting import KUBERNETES_ONLY, unfit
from slipway.release.ecs_setting import REMEDY as ECS
from slipway.release.errors import InputError, Problem
from slipway.release.escalation.setting import REMEDIES as ESCALATION
from slipway.release.escalation.setting import EscalationSetting, unrouted
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.migration_files import MigrationSource, read_migrations
from slipway.release.evidence.references import Sources
from slipway.release.filter_limits import uncounted_filters
from slipway.release.flags.flag_set_inputs import FlagSetInputs, FlagsSetting
from slipway.release.flags.load import read_flags
from slipway.release.flags.model import DeclaredFlags
from slipway.release.flags.of_target import unfit_flags
from slipway.release.function import refused_function
from slipway.release.lambda_setting import REFUSED, misplaced
from slipway.release.lambda_setting import REMEDY as LAMBDA
from slipway.release.listener_rule import refused_by
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.document import Document
from slipway.release.manifest.problems import problems_of
from slipway.release.manifest.release import Release
from slipway.release.migrations.databases import REMEDIES as DATABASES
from slipway.release.migrations.databases import Databases, without_a_service
from slipway.release.migrations.inputs import MigrationsInputs
from slipway.release.mirror_limits import uncopied
from slipway.release.places import REMEDY as PLACES
from slipway.release.places import SETTING as AT_PLACES
from slipway.release.places import Place, PlaceSetting, remedies_of, unfit_places
from slipway.release.reachability import missing_addresses, out_of_a_pods_reach, unreadable
from slipway.release.records.anchoring import Acknowledged
from slipway.release.records.store import RecordsSetting
from slipway.release.release_inputs import GateSetting
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.run_setting import REMEDY as RUN_REMEDY
from slipway.release.run_setting import RunSetting
from slipway.release.slo import routing
from slipway.release.slo.delivery import SloSetting
from slipway.release.slo.fitting import unfit_alerting
from slipway.release.slo.reading import Alerting, read_alerting
from slipway.release.slo.watch_alarm import watch_owned
from slipway.release.strategy import chosen
from slipway.release.target import DnsLabel, Target
from slipway.release.task import refused_task
from slipway.release.watch_inputs import WatchInputs

PROJECT = "releases"

DECLARE = ("services", "flags", "slos")
"""The keys that declare something: a stack without any of them would delete all that it has."""
UNSET = ("", "{}")
"""The defaults in Pulumi.yaml, which count as not set: with them the program runs and lists all that is missing."""

REMEDIES = {
    "services": "Write releases:services: {checkout: {manifest: releases/checkout/2026.11.23-1.yaml}}",
    "namespace": "Write releases:namespace: the Kubernetes namespace of the services, such as shop",
    "target": "Write releases:target: {name: eu, context: eu-prod, namespace: shop}, your own name of the cluster "
    "and its context in the kubeconfig, or only releases:namespace; or {kind: ecs, region: eu-central-1, "
    "cluster: shop, listener: <ARN>, table: slipway-shop, rules: {checkout: 110}}, or {kind: lambda, "
    "region: eu-central-1, account: '123456789012', table: slipway-shop, aliases: {checkout: live}}",
    "ecs": ECS,
    "lambda": LAMBDA,
    "metrics": "Write releases:metrics: {kind: prometheus, url: http://prometheus.example:9090}, or for a target "
    "of kind ecs {kind: cloudwatch}",
    "gatewayUrl": "Write releases:gatewayUrl: where the gateway answers, such as http://gateway.example",
    "metrics.accessLog": "Write releases:metrics: {kind: prometheus, url: ..., "
    "accessLog: {path: /var/log/envoy/access.jsonl}}, the gateway's access log as a file where the rollout runs",
    "metrics.logs": "Write releases:metrics: {kind: prometheus, url: ..., "
    "logs: {kind: victoria-logs, url: http://victoria-logs.example:9428}}, or kind: loki",
    "metrics.traces": "Write releases:metrics: {kind: prometheus, url: ..., "
    "traces: {kind: tempo, url: http://tempo.example:3200}}",
    "probe": "Write releases:probe: {rate: 5, path: /}, requests a second, at most 50",
    "gates": "Write releases:gates: {mode: off, reason: why}, or {config: policies/config/prod.json}, or leave it out",
    "records": "Write releases:records: {kind: folder, path: /var/lib/releases}, or leave it out: beside the journal",
    "acknowledged": "`slipway audit --acknowledge REASON` writes it; take the setting out, or write it as that does",
    "slos": "Write releases:slos: {files: [releases/alerting/checkout.yaml], target: {kind: prometheus-rule}}, "
    "or leave it out",
    "flags": "Write releases:flags: {files: [flags/checkout.yaml]}, or leave it out",
    "run": RUN_REMEDY.replace("Write run", "Write releases:run"),
    "access": "Write releases:access: {serviceAccount: slipway-rollout}, or leave it out",
    AT_PLACES: PLACES,
    **ESCALATION,
    **DATABASES,
}


class ServiceEntry(FrozenModel):
    """`manifest` is what the service shall run, `standby` an earlier release that stays warm; both are paths in
    the project. `place` is one of `releases:places`, the stack's own when left out."""

    manifest: str
    standby: str | None = None
    place: str | None = None


class Access(FrozenModel):
    """Declare a ServiceAccount of this name with the rights of the rollout provider."""

    service_account: DnsLabel = "slipway-rollout"


class Configuration(PlaceSetting):
    """The keys of the stack file, all in the namespace `releases`. Those of a place are those of the stack's own."""

    services: dict[str, ServiceEntry] = {}
    places: dict[DnsLabel, PlaceSetting] = {}
    """Where services run that are not in the stack's own place."""
    run: RunSetting | None = None
    access: Access | None = None
    slos: SloSetting | None = None
    """Objectives and alarms, how their rules reach Prometheus, and who is told."""
    flags: FlagsSetting | None = None
    escalation: EscalationSetting | None = None
    databases: Databases = {}
    """By service, where its migrations run; left out, something else runs them."""
    gates: GateSetting = GateSetting()
    """Left out, the gates are enforced with `policies/config/<stack>.json`."""
    records: RecordsSetting | None = None
    """Left out, release records lie in the cluster beside the journal."""
    acknowledged: tuple[Acknowledged, ...] = ()
    """What is known to be missing of the records; only the commands that audit them read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: its release and its standby, as the stack declares them."""

    declared: DeclaredRelease
    standby: DeclaredRelease | None
    at: str | None = None
    """The name of its place, None for the stack's own."""
    scripts: tuple[MigrationSource, ...] = ()
    """Those of the migrations, which QA and approvers approve as well."""
    migrations: MigrationsInputs | None = None
    """What the update applies; None where there is nothing to apply, or something else does it."""

    @property
    def release(self) -> Release:
        """What the service shall run."""
        return self.declared.release


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAlerting:
    """Objectives, alarms and routing as they were read, and how their rules reach the server at `url`; None where
    CloudWatch evaluates them."""

    alerting: Alerting
    setting: SloSetting
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the program declares resources from."""

    services: tuple[Service, ...]
    places: Mapping[str | None, Place]
    """By name, the stack's own by None."""
    access: Access | None
    flags: FlagSetInputs | None
    escalation: EscalationSetting | None
    gates: GateSetting
    records: RecordsSetting | None
    slos: DeclaredAlerting | None = None

    @property
    def own(self) -> Place:
        """The place that the keys at the top describe."""
        return self.places[None]

    @property
    def target(self) -> Target:
        """Of the stack's own place."""
        return self.own.target

    @property
    def metrics(self) -> MetricsSource:
        """Of the stack's own place."""
        return self.own.metrics


def read() -> Settings:
    """The settings of the current stack. Raises InputError with all problems of configuration and manifests."""
    config = pulumi.Config(PROJECT)
    mine = [key.partition(":")[2] for key in _configured() if key.startswith(f"{PROJECT}:")]
    return parse({key: config.require(key) for key in mine}, Path(pulumi.runtime.get_root_directory()))


def parse(raw: Mapping[str, str], root: Path) -> Settings:
    """Settings from the texts of the stack's keys and the files below the project's root. Pure but for reading
    the manifests. Raises InputError."""
    given = {key: value for key, value in sorted(raw.items()) if value not in UNSET}
    document = Document(data={key: _decoded(value) for key, value in given.items()})
    problems: list[Problem] = []
    configuration: Configuration | None = None
    try:
        configuration = Configuration.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as error:
        remedies = {**REMEDIES, **remedies_of(_mapping(document.data, AT_PLACES), REMEDIES)}
        problems += problems_of(error, Configuration, document, remedies, secret=True)
    if not any(key in given for key in DECLARE):
        problems.append(Problem("services", "is missing", REMEDIES["services"]))
    loaded = _Manifests(root, problems)
    services = tuple(_services(document.data, loaded))
    places = {} if configuration is None else _places(configuration)
    if configuration is not None:
        problems += unfit_places(configuration.where, {name: one.where for name, one in configuration.places.items()})
    for place in places.values():
        here = [service for service in services if service.at == place.name]
        problems += map(place.at_its_keys, _out_of_place(configuration, place, here))
        problems += _unfit_manifests(place, here)
    alerting = _alerting(document.data, root, problems)
    flags = _flags(document.data, root, problems)
    if configuration is not None:
        problems += without_a_service(configuration.databases, (service.release.service for service in services))
        problems += unrouted(configuration.escalation, _owned(services, flags))
        problems += _unwatched(configuration, services, alerting)
        problems += _unfit_alerting(configuration, alerting)
        problems += unfit_flags(configuration.flags, flags, configuration.where)
    problems += _collisions(services, places)
    if problems or configuration is None:
        raise InputError("stack configuration", problems)
    return Settings(
        services=tuple(_migrating(service, configuration.databases) for service in services),
        places=places,
        access=configuration.access,
        flags=_flag_set(configuration, flags),
        escalation=configuration.escalation,
        gates=configuration.gates,
        records=configuration.records,
        slos=_declared_alerting(configuration, alerting),
    )


def _places(configuration: Configuration) -> dict[str | None, Place]:
    others: dict[str | None, Place] = {name: Place.of(name, one) for name, one in configuration.places.items()}
    return {None: Place.of(None, configuration, configuration.run), **others}


def _out_of_place(configuration: Configuration | None, place: Place, services: Sequence[Service]) -> Iterator[Problem]:
    """What of the settings of a place does not fit its target, or does not reach what its services need."""
    once = configuration if place.name is None else None  # the stack's own has the keys that a stack has once
    releases = [service.release for service in services]
    escalation = None if once is None else once.escalation
    yield from out_of_a_pods_reach(
        place.run, place.metrics, place.gateway_url, None if escalation is None else escalation.outbox
    )
    yield from unreadable(releases, place.metrics)
    in_cluster = place.run is not None and place.run.in_cluster
    yield from unfit(place.target, place.ecs, in_cluster, {key: getattr(once, key, None) for key in KUBERNETES_ONLY})
    others = {key: getattr(once, key, None) for key in REFUSED}
    yield from misplaced(place.target, place.function, others, in_cluster=in_cluster)
    probe = None if place.probe is None else place.named("releases:probe")
    yield from missing_addresses(releases, place.metrics, place.gateway_url, probe, REMEDIES)


def _unfit_manifests(place: Place, services: Sequence[Service]) -> Iterator[Problem]:
    """What of the manifests does not fit the place where they are released."""
    for service in services:
        for declared in (service.declared, service.standby):
            if declared is not None:
                release = declared.release
                watch = WatchInputs.of(release)
                found = (
                    *refused_by(place.target, release.service, release.route, chosen(release)),
                    *refused_task(place.target, release.workload),
                    *refused_function(place.target, release.workload),
                    *uncounted(place.metrics, place.target, release.guardrails, watch),
                    *uncopied(place.metrics, chosen(release), release.route),
                    *uncounted_filters(place.metrics, release.route),
                )
                for one in found:
                    message, remedy = place.named(one.message), place.named(one.remedy)
                    yield Problem(f"{declared.path}: {one.path}", message, remedy)


def _collisions(services: Sequence[Service], places: Mapping[str | None, Place]) -> Iterator[Problem]:
    """Those of services whose places have one gateway; of all, where the places cannot be told."""
    if not places:
        yield from collisions([service.release for service in services])
        return
    for first, second in combinations(services, 2):
        one, other = places.get(first.at), places.get(second.at)
        if one is not None and other is not None and one.target.has_gateway_of(other.target):
            yield from collisions([first.release, second.release])


def _migrating(service: Service, databases: Databases) -> Service:
    database = databases.get(service.release.service)
    return replace(service, migrations=MigrationsInputs.of(service.declared, database, service.scripts))


def _owned(services: tuple[Service, ...], flags: DeclaredFlags | None) -> Iterator[tuple[str, str]]:
    """What may be escalated, and its owner."""
    yield from ((service.release.service, service.release.owner.team) for service in services)
    if flags is not None:
        yield from ((f"the flag {key}", flag.owner) for key, flag in flags.flags.items())


def _configured() -> Iterator[str]:
    """The SDK reads single keys only; to refuse unknown ones their names are needed."""
    yield from {**pulumi.runtime.get_config_env(), **pulumi.runtime.config.CONFIG.get()}


def _decoded(value: str) -> object:
    """Structured values arrive as JSON, plain ones as text. A text that looks like a number stays text."""
    if value[:1] not in {"{", "["}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _mapping(data: object, key: str) -> dict[str, Any]:
    """What stands below a key, whatever else is wrong with the configuration; empty where it is no mapping."""
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _services(data: object, loaded: _Manifests) -> Iterator[Service]:
    """The services that can be read, whatever else is wrong with the configuration."""
    for name, raw in sorted(_mapping(data, "services").items()):
        try:
            entry = ServiceEntry.model_validate(raw, by_alias=True, by_name=False)
        except ValidationError:
            continue
        loaded.look_up(name, entry.place, _mapping(data, AT_PLACES))
        declared = loaded.read(name, "manifest", entry.manifest)
        standby = loaded.read(name, "standby", entry.standby) if entry.standby is not None else None
        if declared is None:
            continue
        if standby is not None:
            loaded.compare(name, declared, standby)
        sources = Sources(loaded.root, str(PurePosixPath(entry.manifest).parent))
        scripts = read_migrations(declared.release, sources)
        yield Service(declared=declared, standby=standby, at=entry.place, scripts=scripts)


def _alerting(data: object, root: Path, problems: list[Problem]) -> Alerting | None:
    """What the files of the setting say, whatever else is wrong with the configuration."""
    given = data.get("slos") if isinstance(data, dict) else None
    try:
        setting = None if given is None else SloSetting.model_validate(given, by_alias=True, by_name=False)
    except ValidationError:
        return None
    try:
        return None if setting is None else read_alerting(root, setting.files)
    except InputError as error:
        problems += error.problems
        return None


def _unfit_alerting(configuration: Configuration, alerting: Alerting | None) -> Iterator[Problem]:
    setting = configuration.slos
    if setting is None:
        return
    if configuration.metrics.url is None and setting.url is None and not setting.in_cloudwatch:
        yield Problem("slos.url", "is missing, and metrics has no url either", REMEDIES["slos"])
    yield from unfit_alerting(setting, alerting, configuration.where)


def _unwatched(
    configuration: Configuration, services: Sequence[Service], alerting: Alerting | None
) -> Iterator[Problem]:
    """Watches whose alarm would have no receiver: those in Jobs, and those of hosts that give signs of life."""
    in_jobs = configuration.run is not None and configuration.run.in_cluster
    on_hosts = configuration.slos is not None and configuration.slos.host_metrics is not None
    if alerting is None or not (in_jobs or on_hosts):
        return
    watched = [service.release for service in services if on_hosts or service.at is None]  # Jobs are of the own place
    owned = [each for release in watched if (each := watch_owned(release)) is not None]
    for lost in routing.unrouted(owned, alerting.routing):
        yield Problem("slos", f"{lost.owned.alarm}: {lost.problem}", lost.remedy)


def _flags(data: object, root: Path, problems: list[Problem]) -> DeclaredFlags | None:
    """The flags of all files that the configuration names; what is wrong with them is added to `problems`."""
    try:
        setting = FlagsSetting.model_validate(data.get("flags") if isinstance(data, dict) else None)
        return read_flags(root, setting.files)
    except ValidationError:
        return None  # told with the configuration, or there are none
    except InputError as error:
        problems += error.problems
        return None


def _declared_alerting(configuration: Configuration, alerting: Alerting | None) -> DeclaredAlerting | None:
    setting = configuration.slos
    if setting is None or alerting is None:
        return None
    if setting.in_cloudwatch:
        return DeclaredAlerting(alerting=alerting, setting=setting, url=None)
    metrics = configuration.metrics
    if setting.url is None:  # the same server is asked in the same way
        setting = setting.model_copy(update={"http": metrics.http, "parameters": metrics.parameters})
    url = setting.url or metrics.url
    return None if url is None else DeclaredAlerting(alerting=alerting, setting=setting, url=url)


def _flag_set(configuration: Configuration, flags: DeclaredFlags | None) -> FlagSetInputs | None:
    setting = configuration.flags
    if setting is None or flags is None:
        return None
    where = {"target": configuration.target, "namespace": configuration.namespace}
    placed = {"name": setting.name, "document": setting.document, "used": setting.used}
    return FlagSetInputs(flags=flags.flags, evaluators=flags.evaluators, **placed, **where)


@dataclass(frozen=True, slots=True)
class _Manifests:
    """Reads manifests and notes what is wrong with them."""

    root: Path
    problems: list[Problem]

    def read(self, service: str, role: str, path: str) -> DeclaredRelease | None:
        at = f"services.{service}.{role}"
        try:
            declared = read_manifest(self.root, path)
        except EvidenceError as error:
            self.problems.append(Problem(at, error.detail, "Write the path of a manifest inside the project's folder"))
            return None
        except InputError as error:
            found = [Problem(f"{path}: {p.path}", p.message, p.remedy, p.line) for p in error.problems]
            self.problems.extend(found)
            return None
        if declared.release.service != service:
            message = f"{path} is a release of {declared.release.service}"
            self.problems.append(Problem(at, message, f"Name a manifest of {service}"))
            return None
        return declared

    def look_up(self, service: str, place: str | None, places: Collection[str]) -> None:
        if place is not None and place not in places:
            known = ", ".join(sorted(places)) or "none"
            message = f"is {place}, and releases:{AT_PLACES} has no such place (there: {known})"
            self.problems.append(Problem(f"services.{service}.place", message, f"Correct it. {PLACES}"))

    def compare(self, service: str, declared: DeclaredRelease, standby: DeclaredRelease) -> None:
        at = f"services.{service}.standby"
        version = declared.release.version
        if version == standby.release.version:
            message = f"has the same version as the release ({version})"
            self.problems.append(Problem(at, message, "Name an earlier release, or leave standby out"))
        elif declared.revision == standby.revision:
            message = f"is the same revision as the release ({declared.revision}): artifact and workload are equal"
            self.problems.append(Problem(at, message, "Name a release that differs, or leave standby out"))
