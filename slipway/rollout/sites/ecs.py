"""An ECS cluster behind a listener of an Application Load Balancer, with the records in a DynamoDB table."""

from __future__ import annotations

from typing import Final

from slipway.release.errors import ClusterError
from slipway.release.flags.journal import DocumentKind
from slipway.release.records.kinds import flag_chain
from slipway.release.target import EcsTarget
from slipway.rollout.adapters import WatchPlace
from slipway.rollout.escalation.outbox import Outbox
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.platforms.aws.appconfig import AppConfigDocument
from slipway.rollout.platforms.aws.client import connect
from slipway.rollout.platforms.aws.documents import (
    FLAG_DOCUMENT,
    FLAG_JOURNAL,
    FLAG_SETS,
    WATCH,
    TableDocument,
    flag_sets_with_journal,
)
from slipway.rollout.platforms.aws.ecs import EcsWorkloads
from slipway.rollout.platforms.aws.intents import TableIntents
from slipway.rollout.platforms.aws.journal_store import TableJournalStore, services_with_journal
from slipway.rollout.platforms.aws.lease import WATCH_LEASE, TableLease
from slipway.rollout.platforms.aws.outbox import TableOutbox
from slipway.rollout.platforms.aws.release_records import TableReleaseRecords
from slipway.rollout.platforms.aws.table import Table
from slipway.rollout.routers.alb import AlbRouter, ListenerPlace
from slipway.rollout.sites.base import Adaptors, Platform, Site


def _adaptors(site: Site[EcsTarget]) -> Adaptors:
    """Routed by a rule of the listener."""
    target, service, fence = site.target, site.service, site.fence
    table, elb, ecs = (connect(name, target.region) for name in ("dynamodb", "elbv2", "ecs"))
    return Adaptors(
        router=AlbRouter(elb, _place(target, service), service, fence, site.stack),
        workloads=EcsWorkloads(ecs, elb, target.cluster, fence),
        lease=TableLease(table, target.table, service),
        journal=TableJournalStore(table, target.table, service, fence),
        intents=TableIntents(table, target.table, service),
        records=TableReleaseRecords(Table(table, target.table, service)),
        watch=WatchPlace(
            TableLease(table, target.table, service, key=WATCH_LEASE),
            TableDocument(Table(table, target.table, service), WATCH),
        ),
    )


def _place(target: EcsTarget, service: str) -> ListenerPlace:
    priority = target.rules.get(service)
    if priority is None:
        raise ClusterError(f"target {target}: no rule for {service}; write its priority in releases:target.rules")
    return ListenerPlace(target.listener, priority, priority - 1)


def _services(target: EcsTarget) -> list[str]:
    return services_with_journal(connect("dynamodb", target.region), target.table)


def _flags(target: EcsTarget, name: str, document: DocumentKind | None) -> FlagWriter:
    if document not in (None, "app-config"):
        raise ClusterError(f"the flags {name}: a target of kind ecs has no {document}; write document: app-config")
    if target.app_config is None:
        raise ClusterError(f"the flags {name}: write where AppConfig deploys them in releases:target.appConfig")
    table = connect("dynamodb", target.region)
    sets = Table(table, target.table, FLAG_SETS)
    deployed = AppConfigDocument(
        connect("appconfig", target.region),
        target.app_config,
        name,
        TableDocument(sets, f"{FLAG_DOCUMENT}{name}"),
    )
    return FlagWriter(
        name,
        TableDocument(sets, f"{FLAG_JOURNAL}{name}"),
        {"app-config": deployed},
        "app-config",
        records=TableReleaseRecords(Table(table, target.table, flag_chain(name))),
        target=str(target),
    )


def _flag_sets(target: EcsTarget) -> list[str]:
    return flag_sets_with_journal(connect("dynamodb", target.region), target.table)


def _outbox(target: EcsTarget) -> Outbox:
    return TableOutbox(connect("dynamodb", target.region), target.table)


ECS: Final = Platform(_adaptors, _services, _flags, _flag_sets, _outbox)
