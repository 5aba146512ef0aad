"""A namespace of a cluster, routed by the Gateway API."""

from __future__ import annotations

from typing import Final

from lightkube import Client

from slipway.release.errors import ClusterError
from slipway.release.flags.flag_set_inputs import journal_name
from slipway.release.flags.journal import DocumentKind
from slipway.release.records.kinds import flag_chain
from slipway.release.target import KubernetesTarget
from slipway.rollout.adapters import WatchPlace
from slipway.rollout.escalation.outbox import Outbox
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.metrics.proxies import Proxies
from slipway.rollout.platforms.base import DocumentStore
from slipway.rollout.platforms.kubernetes.autoscalers import KubernetesAutoscalers
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
from slipway.rollout.platforms.kubernetes.proxy_pods import ProxyPods
from slipway.rollout.platforms.kubernetes.release_records import ConfigMapRecords
from slipway.rollout.platforms.kubernetes.runs import KubernetesRuns
from slipway.rollout.platforms.kubernetes.watch_document import WATCH_PART, ConfigMapWatchDocument
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads
from slipway.rollout.routers.gateway_api import GatewayApiRouter
from slipway.rollout.sites.base import Adaptors, Platform, Site


def _adaptors(site: Site[KubernetesTarget]) -> Adaptors:
    """Routed by the Gateway API."""
    service, namespace, fence = site.service, site.target.namespace, site.fence
    client = connect(namespace, context=site.target.context)
    return Adaptors(
        router=_router(site, client),
        workloads=KubernetesWorkloads(client, namespace, fence),
        autoscalers=KubernetesAutoscalers(client, namespace, fence),
        lease=KubernetesLease(client, namespace, service),
        journal=ConfigMapJournalStore(client, namespace, service, fence),
        intents=ConfigMapIntents(client, namespace, service),
        records=ConfigMapRecords(client, namespace, service),
        runs=KubernetesRuns(client, namespace, service),
        watch=WatchPlace(
            KubernetesLease(client, namespace, service, part=WATCH_PART),
            ConfigMapWatchDocument(client, namespace, service),
        ),
        proxies=_proxies(site, client),
    )


def _proxies(site: Site[KubernetesTarget], client: Client) -> Proxies | None:
    metrics = site.metrics
    if metrics is None or metrics.kind != "proxies" or metrics.proxies_namespace is None:
        return None
    place = metrics.proxy_place
    return ProxyPods(client, metrics.proxies_namespace, place.selector or {}, place.port, place.path)


def _router(site: Site[KubernetesTarget], client: Client) -> GatewayApiRouter:
    plane = site.metrics.data_plane if site.metrics is not None else None
    return GatewayApiRouter(
        client,
        site.target.namespace,
        site.service,
        site.fence,
        site.stack,
        any_generation=plane is not None and plane.generation == "ignored",
        hold_idle=plane is not None and plane.drops_idle,
    )


def _services(target: KubernetesTarget) -> list[str]:
    return services_with_journal(connect(target.namespace, context=target.context), target.namespace)


def _flags(target: KubernetesTarget, name: str, document: DocumentKind | None) -> FlagWriter:
    if document == "app-config":
        raise ClusterError(f"the flags {name}: document app-config is for a target of AWS; choose config-map")
    namespace = target.namespace
    client = connect(namespace, context=target.context)
    journal = ConfigMapDocumentStore(client, namespace, journal_name(name), JOURNAL, name)
    documents: dict[DocumentKind, DocumentStore] = {
        "config-map": ConfigMapDocumentStore(client, namespace, name, DOCUMENT, name),
        "feature-flag": FeatureFlagDocumentStore(client, namespace, name, name),
    }
    records = ConfigMapRecords(client, namespace, flag_chain(name))
    return FlagWriter(name, journal, documents, document or "config-map", records=records, target=str(target))


def _flag_sets(target: KubernetesTarget) -> list[str]:
    return sets_with_journal(connect(target.namespace, context=target.context), target.namespace)


def _outbox(target: KubernetesTarget) -> Outbox:
    return ConfigMapOutbox(connect(target.namespace, context=target.context), target.namespace)


KUBERNETES: Final = Platform(_adaptors, _services, _flags, _flag_sets, _outbox)
