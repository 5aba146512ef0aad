"""Puts the real adaptors of one service together: one table says which platform and router a kind of target has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from slipway.release.escalation.setting import EscalationRoute
from slipway.release.flags.flag_set_inputs import journal_name
from slipway.release.flags.journal import DocumentKind
from slipway.release.records.kinds import flag_chain
from slipway.release.records.store import FolderRecords, RecordsSetting, RecordStore
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import Target
from slipway.rollout.adapters import Adapters, WatchPlace
from slipway.rollout.escalation.desk import Desk, leave_to_others, starter
from slipway.rollout.escalation.outbox import FolderOutbox, Outbox
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.metrics import source_for
from slipway.rollout.platforms.base import DocumentStore, Intents, JournalStore, Lease, Workloads
from slipway.rollout.platforms.kubernetes.client import connect
from slipway.rollout.platforms.kubernetes.flag_stores import (
    DOCUMENT,
    JOURNAL,
    ConfigMapDocumentStore,
    FeatureFlagDocumentStore,
    sets_with_journal,
)
from slipway.rollout.platforms.kubernetes.intents import ConfigMapIntents
from slipway.rollout.platforms.kubernetes.journal_store import ConfigMapJournalStore, services_with_journal
from slipway.rollout.platforms.kubernetes.lease import KubernetesLease
from slipway.rollout.platforms.kubernetes.outbox import ConfigMapOutbox
from slipway.rollout.platforms.kubernetes.release_records import ConfigMapRecords
from slipway.rollout.platforms.kubernetes.runs import KubernetesRuns
from slipway.rollout.platforms.kubernetes.watch_document import WATCH_PART, ConfigMapWatchDocument
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads
from slipway.rollout.platforms.runs import Runs
from slipway.rollout.process.fence import Fence
from slipway.rollout.routers.base import Router
from slipway.rollout.routers.gateway_api import GatewayApiRouter


@dataclass(frozen=True, slots=True)
class Site:
    """One service in a target, on behalf of `stack`; all adaptors that write on behalf of a rollout share `fence`."""

    service: str
    target: Target
    fence: Fence
    stack: str


@dataclass(frozen=True, slots=True)
class Adaptors:
    """What a platform brings: its router, and workloads, lease, journal store, intents, release records, Jobs, and the
    place of the watch."""

    router: Router
    workloads: Workloads
    lease: Lease
    journal: JournalStore
    intents: Intents
    records: RecordStore
    runs: Runs | None = None
    watch: WatchPlace | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """One kind of target. `services` are those that have a journal in one, `flag_sets` the sets of flags. All raise
    ClusterError when it is unreachable."""

    adaptors: Callable[[Site], Adaptors]
    services: Callable[[Target], list[str]]
    flags: Callable[[Target, str, DocumentKind], FlagWriter]
    flag_sets: Callable[[Target], list[str]]
    outbox: Callable[[Target], Outbox]
    """Of the escalations about all services of the target."""


def connect_world(
    service: str,
    target: Target,
    metrics: MetricsSource | None = None,
    stack: str = "",
    records: RecordsSetting | None = None,
    escalation: EscalationRoute | None = None,
    *,
    sends: bool = True,
) -> Adapters:
    """The world of one service in a target, by the environment's credentials, on behalf of `stack` (`project/stack`).
    All that writes on behalf of a rollout shares one fence; the operator's intents need no Lease, nor do the release
    records, which lie where `records` says: a folder in it is below the working directory. Without `sends` escalations
    are only written.

    Raises ClusterError when it is unreachable."""
    site = Site(service, target, Fence(), stack)
    made = PLATFORMS[target.kind].adaptors(site)
    folder = records.path if records is not None and records.kind == "folder" else None
    return Adapters(
        router=made.router,
        workloads=made.workloads,
        lease=made.lease,
        journal=made.journal,
        intents=made.intents,
        source=source_for(metrics, target.namespace) if metrics is not None else None,
        fence=site.fence,
        stack=stack,
        records=made.records if folder is None else FolderRecords(Path(folder), service),
        runs=made.runs,
        escalations=connect_escalations(escalation, target, sends=sends) if escalation is not None else None,
        watch=made.watch,
    )


def open_records(service: str, target: Target, setting: RecordsSetting, project: Path) -> RecordStore:
    """Only the release records of a service; those in a folder need no cluster. Raises ClusterError."""
    if setting.kind == "folder" and setting.path is not None:
        return FolderRecords(project / setting.path, service)
    return PLATFORMS[target.kind].adaptors(Site(service, target, Fence(), "")).records


def connect_outbox(target: Target, folder: str | None) -> Outbox:
    """The outbox of the escalations in a target, or the one in a folder. Raises ClusterError when the cluster cannot be
    named."""
    return PLATFORMS[target.kind].outbox(target) if folder is None else FolderOutbox(Path(folder))


def connect_escalations(route: EscalationRoute, target: Target, *, sends: bool = True) -> Desk:
    """The escalations to these receivers; without `sends` they are only written. Raises ClusterError."""
    start = starter(target, route.outbox) if sends else leave_to_others
    return Desk(route, connect_outbox(target, route.outbox), start)


def services_in(target: Target) -> list[str]:
    """The services that have a journal in this target. Raises ClusterError."""
    return PLATFORMS[target.kind].services(target)


def connect_flags(target: Target, name: str, document: DocumentKind = "config-map") -> FlagWriter:
    """The writer of one set of flags in a target, by the environment's credentials. `document` says where its document
    lies unless its journal does. Raises ClusterError when it is unreachable."""
    return PLATFORMS[target.kind].flags(target, name, document)


def flag_sets_in(target: Target) -> list[str]:
    """The sets of flags in this target. Raises ClusterError."""
    return PLATFORMS[target.kind].flag_sets(target)


def _kubernetes(site: Site) -> Adaptors:
    """Routed by the Gateway API."""
    service, namespace, fence = site.service, site.target.namespace, site.fence
    client = connect(namespace, context=site.target.context)
    return Adaptors(
        router=GatewayApiRouter(client, namespace, service, fence, site.stack),
        workloads=KubernetesWorkloads(client, namespace, fence),
        lease=KubernetesLease(client, namespace, service),
        journal=ConfigMapJournalStore(client, namespace, service, fence),
        intents=ConfigMapIntents(client, namespace, service),
        records=ConfigMapRecords(client, namespace, service),
        runs=KubernetesRuns(client, namespace, service),
        watch=WatchPlace(
            KubernetesLease(client, namespace, service, part=WATCH_PART),
            ConfigMapWatchDocument(client, namespace, service),
        ),
    )


def _kubernetes_services(target: Target) -> list[str]:
    return services_with_journal(connect(target.namespace, context=target.context), target.namespace)


def _kubernetes_flags(target: Target, name: str, document: DocumentKind) -> FlagWriter:
    namespace = target.namespace
    client = connect(namespace, context=target.context)
    journal = ConfigMapDocumentStore(client, namespace, journal_name(name), JOURNAL, name)
    documents: dict[DocumentKind, DocumentStore] = {
        "config-map": ConfigMapDocumentStore(client, namespace, name, DOCUMENT, name),
        "feature-flag": FeatureFlagDocumentStore(client, namespace, name, name),
    }
    records = ConfigMapRecords(client, namespace, flag_chain(name))
    return FlagWriter(name, journal, documents, document, records=records, target=str(target))


def _kubernetes_flag_sets(target: Target) -> list[str]:
    return sets_with_journal(connect(target.namespace, context=target.context), target.namespace)


def _kubernetes_outbox(target: Target) -> Outbox:
    return ConfigMapOutbox(connect(target.namespace, context=target.context), target.namespace)


PLATFORMS: Final[Mapping[str, Platform]] = {
    "kubernetes": Platform(
        _kubernetes, _kubernetes_services, _kubernetes_flags, _kubernetes_flag_sets, _kubernetes_outbox
    )
}
"""Kind of target -> its platform."""
