"""Puts the real adaptors of one service together: one table says which platform and router a kind of target has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from slipway.release.escalation.setting import EscalationRoute
from slipway.release.flags.journal import DocumentKind
from slipway.release.records.store import FolderRecords, RecordsSetting, RecordStore
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import Kind, Target
from slipway.rollout.adapters import Adapters
from slipway.rollout.escalation.desk import Desk, leave_to_others, starter
from slipway.rollout.escalation.outbox import FolderOutbox, Outbox
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.metrics import source_for
from slipway.rollout.platforms.aws import bucket_records
from slipway.rollout.platforms.aws.client import connect
from slipway.rollout.process.fence import Fence
from slipway.rollout.sites.base import Platform, Site
from slipway.rollout.sites.ecs import ECS
from slipway.rollout.sites.functions import LAMBDA
from slipway.rollout.sites.kubernetes import KUBERNETES


def connect_adapters(
    service: str,
    target: Target,
    metrics: MetricsSource | None = None,
    stack: str = "",
    records: RecordsSetting | None = None,
    escalation: EscalationRoute | None = None,
    *,
    sends: bool = True,
) -> Adapters:
    """The adapters of one service in a target, by the environment's credentials, for a stack (`project/stack`).
    All that writes on behalf of a rollout shares one fence; the operator's intents need no Lease, nor do the release
    records, which lie where `records` says: a folder in it is below the working directory. Without `sends` escalations
    are only written.

    Raises ClusterError when it is unreachable."""
    site = Site(service, target, Fence(), stack, metrics)
    made = _platform(target).adaptors(site)
    elsewhere = _elsewhere(service, records, Path()) if records is not None else None
    return Adapters(
        router=made.router,
        workloads=made.workloads,
        lease=made.lease,
        journal=made.journal,
        intents=made.intents,
        source=source_for(metrics, target, made.proxies, service) if metrics is not None else None,
        fence=site.fence,
        stack=stack,
        records=made.records if elsewhere is None else elsewhere,
        inside=made.records if elsewhere is not None else None,
        runs=made.runs,
        escalations=connect_escalations(escalation, target, sends=sends) if escalation is not None else None,
        watch=made.watch,
        autoscalers=made.autoscalers,
        lasting=made.lasting,
        invoked=made.invoked,
    )


def open_records(service: str, target: Target, setting: RecordsSetting, project: Path) -> RecordStore:
    """Only the release records of a service; those in a folder or a bucket need no cluster. Raises ClusterError."""
    elsewhere = _elsewhere(service, setting, project)
    return elsewhere or _platform(target).adaptors(Site(service, target, Fence(), "")).records


def services_recorded(target: Target, setting: RecordsSetting, project: Path) -> list[str]:
    """The services that have records there; beside the journals those that have a journal. Raises ClusterError."""
    if setting.path is not None:
        return [path.stem for path in (project / setting.path).glob("*.jsonl")]
    if setting.bucket is not None and setting.region is not None:
        return bucket_records.services_recorded(connect("s3", setting.region), setting.bucket, setting.prefix or "")
    return services_in(target)


def _elsewhere(service: str, setting: RecordsSetting, project: Path) -> RecordStore | None:
    """The chain of a service that lies in a folder or in a bucket; None for one beside the journal."""
    if setting.path is not None:
        return FolderRecords(project / setting.path, service)
    if setting.bucket is not None and setting.region is not None:
        client = connect("s3", setting.region)
        return bucket_records.BucketRecords(client, setting.bucket, setting.prefix or "", service)
    return None


def connect_outbox(target: Target, folder: str | None) -> Outbox:
    """The outbox of the escalations in a target, or the one in a folder. Raises ClusterError when the cluster cannot be
    named."""
    return _platform(target).outbox(target) if folder is None else FolderOutbox(Path(folder))


def connect_escalations(route: EscalationRoute, target: Target, *, sends: bool = True) -> Desk:
    """The escalations to these receivers; without `sends` they are only written. Raises ClusterError."""
    start = starter(target, route.outbox) if sends else leave_to_others
    return Desk(route, connect_outbox(target, route.outbox), start)


def services_in(target: Target) -> list[str]:
    """The services that have a journal in this target. Raises ClusterError."""
    return _platform(target).services(target)


def connect_flags(target: Target, name: str, document: DocumentKind | None = None) -> FlagWriter:
    """The writer of one set of flags in a target, by the environment's credentials. `document` says where its document
    lies unless its journal does; without it, where it usually does. Raises ClusterError when it is unreachable."""
    return _platform(target).flags(target, name, document)


def flag_sets_in(target: Target) -> list[str]:
    """The sets of flags in this target. Raises ClusterError."""
    return _platform(target).flag_sets(target)


PLATFORMS: Final[Mapping[Kind, Platform[Any]]] = {"ecs": ECS, "kubernetes": KUBERNETES, "lambda": LAMBDA}
"""Kind of target -> its platform."""


def _platform(target: Target) -> Platform[Any]:
    return PLATFORMS[target.kind]
