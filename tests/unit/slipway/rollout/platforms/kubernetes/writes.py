"""Every write of the adaptors, by name, for tests that let each of them go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview
from slipway.rollout.platforms.base import Intent
from slipway.rollout.platforms.kubernetes.intents import ConfigMapIntents
from slipway.rollout.platforms.kubernetes.journal_store import ConfigMapJournalStore
from slipway.rollout.platforms.kubernetes.lease import KubernetesLease
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads
from slipway.rollout.platforms.observed_lease import Clock
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.gateway_api import GatewayApiRouter
from tests.unit.slipway.rollout.api import NAMESPACE, Api
from tests.unit.slipway.rollout.examples import ROUTE, backend

OLD, NEW = backend("old"), backend("new")
PLAIN = Route.model_validate(ROUTE)
HOSTED = (NEW, Preview(host="new.example"))
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{OLD.workload}"
INTENT = Intent("i1", "abort", "me", 1234.5, "it burns", "r1")
WITH_PREVIEW = Split(((OLD, 100.0),), HOSTED)
HALVES = Split(((OLD, 50.0), (NEW, 50.0)))


class Adaptors:
    """The adaptors of one process, behind one API server."""

    def __init__(
        self, api: Api, fence: Fence = UNFENCED, clock: Callable[[], float] = lambda: 1e6, stack: str = ""
    ) -> None:
        client = api.client()
        at = Clock(clock, clock, lambda _: None)
        self.api = api
        self.journal = ConfigMapJournalStore(client, NAMESPACE, "checkout", fence, api.patience)
        self.lease = KubernetesLease(client, NAMESPACE, "checkout", at, api.patience)
        self.router = GatewayApiRouter(client, NAMESPACE, "checkout", fence, stack, api.patience)
        self.intents = ConfigMapIntents(client, NAMESPACE, "checkout", api.patience)
        self.workloads = KubernetesWorkloads(client, NAMESPACE, fence, api.patience)

    def save(self, head: dict[str, object]) -> None:
        """Over whatever is there."""
        stored = self.journal.load()
        self.journal.save(head, stored.version if stored is not None else None)

    def shift(self, split: Split) -> None:
        """Over whatever is there."""
        live = self.router.read()
        self.router.apply(PLAIN, split, live.version if live is not None else None)

    def take(self, holder: str = "r1") -> None:
        """The Lease."""
        self.lease.acquire(holder, 15)


def deploy(api: Api) -> None:
    """The Deployment of the old version, with three replicas."""
    labels = {"slipway.dev/service": "checkout"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    api.put(DEPLOYMENT, {"spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}})


@dataclass(frozen=True)
class Write:
    """`before` makes what the write finds; `requests` is how many requests of it write. When it is `alone`, the request
    that writes is the last one, so that a failure means that nothing was written."""

    act: Callable[[Adaptors], object]
    before: tuple[Callable[[Adaptors], object], ...] = ()
    fenced: bool = True
    requests: int = 1
    alone: bool = True


def _append(number: int) -> Callable[[Adaptors], object]:
    return lambda made: made.journal.append("r1", [{"n": number}])


def _shift(split: Split) -> Callable[[Adaptors], object]:
    return lambda made: made.shift(split)


def _save(number: int) -> Callable[[Adaptors], object]:
    return lambda made: made.save({"n": number})


WRITES: dict[str, Write] = {
    "journal: first head": Write(_save(1)),
    "journal: head": Write(_save(2), (_save(1),)),
    "journal: first records": Write(_append(1)),
    "journal: records": Write(_append(2), (_append(1),)),
    "journal: prune": Write(lambda made: made.journal.prune(set()), (_append(1),)),
    "journal: delete": Write(lambda made: made.journal.delete(), (_save(1),)),
    "lease: first": Write(lambda made: made.take(), fenced=False),
    "lease: acquire": Write(
        lambda made: made.take(), (lambda made: made.take("r0"), lambda made: made.lease.release()), fenced=False
    ),
    "lease: renew": Write(lambda made: made.lease.renew(), (lambda made: made.take(),), fenced=False),
    "lease: release": Write(lambda made: made.lease.release(), (lambda made: made.take(),), fenced=False),
    "lease: delete": Write(lambda made: made.lease.delete(), (lambda made: made.take(),), fenced=False),
    "route: first": Write(_shift(Split.whole(OLD)), alone=False),
    "route: weights": Write(_shift(HALVES), (_shift(Split.whole(OLD)),), alone=False),
    "route: first preview": Write(_shift(WITH_PREVIEW), requests=2, alone=False),
    "route: preview": Write(_shift(WITH_PREVIEW), (_shift(WITH_PREVIEW),), requests=2, alone=False),
    "route: end of the preview": Write(_shift(HALVES), (_shift(WITH_PREVIEW),), requests=2, alone=False),
    "route: claim": Write(lambda made: made.router.claim(), (_shift(WITH_PREVIEW),), requests=2, alone=False),
    "route: delete": Write(lambda made: made.router.delete(), (_shift(WITH_PREVIEW),), requests=2, alone=False),
    "intents: first": Write(lambda made: made.intents.write(INTENT), fenced=False),
    "intents: write": Write(
        lambda made: made.intents.write(INTENT),
        (lambda made: made.intents.write(Intent("i0", "pause", "me", 1.0, "", "r1")),),
        fenced=False,
    ),
    "intents: delete": Write(
        lambda made: made.intents.delete(), (lambda made: made.intents.write(INTENT),), fenced=False
    ),
    "scale": Write(lambda made: made.workloads.scale(OLD, 7), (lambda made: deploy(made.api),)),
}
