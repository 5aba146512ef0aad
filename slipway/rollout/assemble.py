"""Puts the real adaptors of one service together."""

from __future__ import annotations

from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import Target
from slipway.rollout.adapters import World
from slipway.rollout.metrics import source_for
from slipway.rollout.platforms.kubernetes.client import connect
from slipway.rollout.platforms.kubernetes.intents import ConfigMapIntents
from slipway.rollout.platforms.kubernetes.journal_store import ConfigMapJournalStore
from slipway.rollout.platforms.kubernetes.lease import KubernetesLease
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads
from slipway.rollout.process.fence import Fence
from slipway.rollout.routers import router_for


def connect_world(service: str, target: Target, metrics: MetricsSource | None = None, stack: str = "") -> World:
    """The world of one service in a target, by the environment's credentials, on behalf of `stack` (`project/stack`).
    All that writes on behalf of a rollout shares one fence; the operator's intents need no Lease.

    Raises ClusterError when it is unreachable."""
    namespace = target.namespace
    client = connect(namespace, context=target.context)
    fence = Fence()
    return World(
        router=router_for("gateway-api", client, namespace, service, fence, stack),
        workloads=KubernetesWorkloads(client, namespace, fence),
        lease=KubernetesLease(client, namespace, service),
        journal=ConfigMapJournalStore(client, namespace, service, fence),
        intents=ConfigMapIntents(client, namespace, service),
        source=source_for(metrics, namespace) if metrics is not None else None,
        fence=fence,
        stack=stack,
    )
