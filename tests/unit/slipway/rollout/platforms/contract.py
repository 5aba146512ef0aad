"""The platforms of which test_contract.py says the same sentences: each stands for one service of one target, as many
processes see it as ask for adaptors."""

from __future__ import annotations

from abc import ABC, abstractmethod

from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.aws.intents import TableIntents
from slipway.rollout.platforms.aws.journal_store import TableJournalStore
from slipway.rollout.platforms.aws.lease import TableLease
from slipway.rollout.platforms.aws.table import DynamoDb
from slipway.rollout.platforms.base import Autoscalers, Intents, JournalStore, Lease, LeaseState, Workloads
from slipway.rollout.platforms.kubernetes.autoscalers import KINDS, KubernetesAutoscalers
from slipway.rollout.platforms.kubernetes.intents import ConfigMapIntents
from slipway.rollout.platforms.kubernetes.journal_store import ConfigMapJournalStore
from slipway.rollout.platforms.kubernetes.lease import KubernetesLease
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads
from slipway.rollout.platforms.memory import (
    MemoryAutoscalers,
    MemoryIntents,
    MemoryJournalStore,
    MemoryLease,
    MemoryWorkloads,
)
from slipway.rollout.platforms.observed_lease import Clock
from slipway.rollout.process.fence import UNFENCED, Fence
from tests.unit.slipway.rollout.api import NAMESPACE, Api, Json
from tests.unit.slipway.rollout.cloud import Cloud
from tests.unit.slipway.rollout.functions import FunctionCloud
from tests.unit.slipway.rollout.platforms.aws.services import Services

SERVICE = "checkout"


class Stand(ABC):
    """A platform with nothing on it. `now` is the time of all processes."""

    scales = True
    """Whether there are replicas to scale."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    @abstractmethod
    def put(self, backend: Backend) -> None:
        """Somebody declares a workload, all of whose replicas become ready."""

    @abstractmethod
    def workloads(self, fence: Fence = UNFENCED) -> Workloads:
        """Those of another process."""

    def autoscale(self, backend: Backend) -> None:
        """Somebody declares its autoscaler."""
        raise NotImplementedError

    def autoscalers(self, fence: Fence = UNFENCED) -> Autoscalers | None:
        """Those of another process; None where the platform has none."""
        return None

    @abstractmethod
    def lease(self) -> Lease:
        """That of another process."""

    @abstractmethod
    def journal(self, fence: Fence = UNFENCED) -> JournalStore:
        """That of another process."""

    @abstractmethod
    def intents(self) -> Intents:
        """Those of another process."""


class MemoryStand(Stand):
    """What lies in memory is shared by being the same object."""

    def __init__(self) -> None:
        super().__init__()
        self._workloads = MemoryWorkloads()
        self._autoscalers = MemoryAutoscalers(self._workloads)
        self._lease: dict[str, LeaseState] = {}
        self._journal = MemoryJournalStore()
        self._intents = MemoryIntents()

    def put(self, backend: Backend) -> None:
        self._workloads.put(backend)

    def workloads(self, fence: Fence = UNFENCED) -> Workloads:
        self._workloads.fence = fence
        return self._workloads

    def autoscale(self, backend: Backend) -> None:
        self._autoscalers.put(backend)

    def autoscalers(self, fence: Fence = UNFENCED) -> Autoscalers:
        self._autoscalers.fence = fence
        return self._autoscalers

    def lease(self) -> Lease:
        return MemoryLease(lambda: self.now, self._lease)

    def journal(self, fence: Fence = UNFENCED) -> JournalStore:
        self._journal.fence = fence
        return self._journal

    def intents(self) -> Intents:
        return self._intents


class KubernetesStand(Stand):
    """The real adaptors on the API server of the tests."""

    def __init__(self) -> None:
        super().__init__()
        self._api = Api()

    def put(self, backend: Backend) -> None:
        labels = {"slipway.dev/service": SERVICE, "slipway.dev/revision": backend.revision}
        template: Json = {"metadata": {"labels": labels}, "spec": {"containers": []}}
        spec = {"replicas": backend.replicas, "selector": {"matchLabels": labels}, "template": template}
        status = {"observedGeneration": 1, "readyReplicas": backend.replicas}
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{backend.workload}"
        self._api.put(path, {"spec": spec, "status": status})
        endpoints = [
            {"addresses": [f"10.0.0.{number}"], "conditions": {"ready": True}} for number in range(backend.replicas)
        ]
        found: Json = {
            "metadata": {"labels": {"kubernetes.io/service-name": backend.entry}},
            "addressType": "IPv4",
            "endpoints": endpoints,
        }
        self._api.put(f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices/{backend.entry}-x", found)

    def workloads(self, fence: Fence = UNFENCED) -> Workloads:
        return KubernetesWorkloads(self._api.client(), NAMESPACE, fence, self._api.patience)

    def autoscale(self, backend: Backend) -> None:
        assert backend.autoscaled is not None
        kind = KINDS[backend.autoscaled.kind]
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": backend.workload}
        spec: Json = {kind.field: backend.replicas, "maxReplicas": backend.autoscaled.maximum, "scaleTargetRef": target}
        path = f"/apis/{kind.version}/namespaces/{NAMESPACE}/{kind.name.lower()}s/{backend.workload}"
        self._api.put(path, {"apiVersion": kind.version, "kind": kind.name, "spec": spec})

    def autoscalers(self, fence: Fence = UNFENCED) -> Autoscalers:
        return KubernetesAutoscalers(self._api.client(), NAMESPACE, fence, self._api.patience)

    def lease(self) -> Lease:
        clock = Clock(lambda: self.now, lambda: self.now, self._sleep)
        return KubernetesLease(self._api.client(), NAMESPACE, SERVICE, clock, self._api.patience)

    def journal(self, fence: Fence = UNFENCED) -> JournalStore:
        return ConfigMapJournalStore(self._api.client(), NAMESPACE, SERVICE, fence, patience=self._api.patience)

    def intents(self) -> Intents:
        return ConfigMapIntents(self._api.client(), NAMESPACE, SERVICE, self._api.patience)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


class EcsStand(Stand):
    """The real adaptors on moto."""

    def __init__(self) -> None:
        super().__init__()
        self._cloud = Cloud()
        self._cloud.create_table()
        self._services = Services(self._cloud)

    def put(self, backend: Backend) -> None:
        self._services.put(backend.workload, backend.entry, backend.image, backend.replicas)

    def workloads(self, fence: Fence = UNFENCED) -> Workloads:
        return self._services.workloads(fence)

    def lease(self) -> Lease:
        clock = Clock(lambda: self.now, lambda: self.now, self._sleep)
        return TableLease(self._client(), self._cloud.name, SERVICE, clock, self._cloud.patience)

    def journal(self, fence: Fence = UNFENCED) -> JournalStore:
        return TableJournalStore(self._client(), self._cloud.name, SERVICE, fence, self._cloud.patience)

    def intents(self) -> Intents:
        return TableIntents(self._client(), self._cloud.name, SERVICE, self._cloud.patience)

    def _client(self) -> DynamoDb:
        client: DynamoDb = self._cloud.client("dynamodb")
        return client

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


class LambdaStand(EcsStand):
    """The real adaptors on the server of functions; the records are those of ECS."""

    scales = False

    def __init__(self) -> None:
        super().__init__()
        self._functions = FunctionCloud()

    def put(self, backend: Backend) -> None:
        self._functions.publish(backend.revision, backend.image)

    def workloads(self, fence: Fence = UNFENCED) -> Workloads:
        return self._functions.workloads(fence)


STANDS: dict[str, type[Stand]] = {
    "ecs": EcsStand,
    "kubernetes": KubernetesStand,
    "lambda": LambdaStand,
    "memory": MemoryStand,
}
"""Every platform that rollouts may run on, and the one of the tests."""
