"""Functions of AWS Lambda, each behind its alias, with the records in a DynamoDB table."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from slipway.release.errors import ClusterError
from slipway.release.flags.journal import DocumentKind
from slipway.release.target import LambdaTarget
from slipway.rollout.adapters import WatchPlace
from slipway.rollout.escalation.outbox import Outbox
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.platforms.aws.client import connect
from slipway.rollout.platforms.aws.documents import WATCH, TableDocument
from slipway.rollout.platforms.aws.functions import LambdaWorkloads
from slipway.rollout.platforms.aws.intents import TableIntents
from slipway.rollout.platforms.aws.invocations import Invocations
from slipway.rollout.platforms.aws.journal_store import TableJournalStore, services_with_journal
from slipway.rollout.platforms.aws.lease import WATCH_LEASE, TableLease
from slipway.rollout.platforms.aws.outbox import TableOutbox
from slipway.rollout.platforms.aws.release_records import TableReleaseRecords
from slipway.rollout.platforms.aws.table import Table
from slipway.rollout.routers.lambda_alias import AliasPlace, LambdaRouter
from slipway.rollout.sites.base import Adaptors, Platform, Site


@dataclass(frozen=True, slots=True)
class _Function:
    """See slipway.rollout.platforms.base.Lasting."""

    name: str
    router: LambdaRouter
    workloads: LambdaWorkloads

    def owner(self) -> str:
        """By its tags, or by its alias: earlier versions of Slipway wrote the stack there alone."""
        return self.workloads.owner() or self.router.owner()

    def prune(self, keep: AbstractSet[str]) -> None:
        """Those in the alias stay too."""
        self.workloads.prune(frozenset(keep), self.router.numbers())


def _adaptors(site: Site[LambdaTarget]) -> Adaptors:
    """Routed by the alias."""
    target, service, fence = site.target, site.service, site.fence
    function, alias = target.function_of(service), target.alias_of(service)
    if alias is None:
        raise ClusterError(f"target {target}: no alias for {service}; write its name in releases:target.aliases")
    table, client = connect("dynamodb", target.region), connect("lambda", target.region)
    router = LambdaRouter(client, AliasPlace(service, function, alias), fence, site.stack)
    workloads = LambdaWorkloads(client, function, fence)
    return Adaptors(
        router=router,
        workloads=workloads,
        lease=TableLease(table, target.table, service),
        journal=TableJournalStore(table, target.table, service, fence),
        intents=TableIntents(table, target.table, service),
        records=TableReleaseRecords(Table(table, target.table, service)),
        watch=WatchPlace(
            TableLease(table, target.table, service, key=WATCH_LEASE),
            TableDocument(Table(table, target.table, service), WATCH),
        ),
        lasting=_Function(f"the function {function}", router, workloads),
        invoked=Invocations(client, function),
    )


def _services(target: LambdaTarget) -> list[str]:
    return services_with_journal(connect("dynamodb", target.region), target.table)


def _flags(target: LambdaTarget, name: str, document: DocumentKind | None) -> FlagWriter:
    raise ClusterError(f"the flags {name}: a target of kind lambda has no feature flags yet")


def _flag_sets(target: LambdaTarget) -> list[str]:
    return []


def _outbox(target: LambdaTarget) -> Outbox:
    return TableOutbox(connect("dynamodb", target.region), target.table)


LAMBDA: Final = Platform(_adaptors, _services, _flags, _flag_sets, _outbox)
