"""Releases of a service that the real HorizontalPodAutoscaler's controller scales by the load of each version.

Pods, scale, autoscalers and their controller are the cluster's; the route and its requests are simulated, and so is the
load that an autoscaler is told, which follows that route.
"""

from __future__ import annotations

import json
import math
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping

import pytest
from lightkube import Client
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.autoscaling_v2 import HorizontalPodAutoscaler

from sandbox.standins.external_metrics import ExternalMetrics
from slipway.release.errors import RolloutAborted
from slipway.release.records.journal import Head, Serving
from slipway.release.rollout_inputs import Autoscaled, Backend
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.kubernetes.autoscalers import KubernetesAutoscalers
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads
from slipway.rollout.platforms.memory import MemoryIntents, MemoryJournalStore, MemoryLease
from slipway.rollout.process.fence import Fence
from slipway.rollout.record import load
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.memory import MemoryRouter
from slipway.rollout.update import Update
from tests.integration.rollout.stage import Stage, eventually
from tests.unit.slipway.rollout.examples import ROUTE, wanted
from tests.unit.slipway.rollout.simulation import Lines, Traffic
from tests.unit.slipway.rollout.test_autoscaled import NoGuard

SEEDS = range(int(os.environ.get("SLIPWAY_TRIALS", "1")))
METRIC, LEAST, MOST = "load", 1, 8
SCALES_WITHIN = 120.0
"""Seconds; the controller looks every 15."""


class RealClock:
    """The time of the simulated requests is the real one."""

    def now(self) -> float:
        return time.time()


@pytest.fixture(scope="module")
def metrics(
    variables: Mapping[str, str], stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExternalMetrics]:
    out = tmp_path_factory.mktemp("metrics") / "values.json"
    with ExternalMetrics(variables, stage.admin, stage.namespace, out) as served:
        yield served


class Service:
    """One service at `before` replicas; the load of each version is its share of the traffic."""

    def __init__(self, stage: Stage, client: Client, image: str, metrics: ExternalMetrics, seed: int) -> None:
        self._stage, self._image, self._metrics = stage, image, metrics
        self._fence = Fence()
        self.workloads = KubernetesWorkloads(client, stage.namespace, self._fence)
        self.autoscalers = KubernetesAutoscalers(client, stage.namespace, self._fence)
        self.router = MemoryRouter()
        self.old, self.new = self._declare(f"old{seed}"), self._declare(f"new{seed}")
        self.before = 0
        self.short: list[str] = []
        """Looks at which a version had fewer ready pods than its share had before."""
        self._ended = threading.Event()

    def _declare(self, revision: str) -> Backend:
        scaled = Autoscaled(kind="hpa", minimum=LEAST, maximum=MOST)
        backend = self._stage.deploy(revision, self._image, replicas=LEAST)
        selector = {"matchLabels": {"revision": revision}}
        external = {
            "metric": {"name": METRIC, "selector": selector},
            "target": {"type": "AverageValue", "averageValue": "1"},
        }
        spec = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": backend.workload},
            "minReplicas": LEAST,
            "maxReplicas": MOST,
            "metrics": [{"type": "External", "external": external}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        }
        self._stage.make("autoscaling/v2", "HorizontalPodAutoscaler", backend.workload, {"spec": spec})
        return backend.model_copy(
            update={"replicas": LEAST, "autoscaled": scaled, "scaled_by_rollout": False, "ready_within": 120.0}
        )

    def scale_up(self, before: int) -> None:
        """The load makes the autoscaler of what serves give it `before` replicas."""
        self.router.apply(wanted(candidate=self.new).route, Split.whole(self.old), None)
        self.router.fence, self.before = self._fence, before
        self._tell()
        eventually(
            lambda: self.workloads.readiness(self.old).endpoints_ready, lambda ready: ready == before, SCALES_WITHIN
        )
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """End the load and remove both versions."""
        self._ended.set()
        self._metrics.tell({})
        for one in (self.old, self.new):
            self._stage.admin.delete(HorizontalPodAutoscaler, one.workload, namespace=self._stage.namespace)
            self._stage.admin.delete(Deployment, one.workload, namespace=self._stage.namespace)

    def _share(self, backend: Backend) -> float:
        live = self.router.read()
        return live.shares.get(backend.entry, 0.0) if live is not None else 0.0

    def _tell(self) -> None:
        load = {one.revision: math.ceil(self.before * self._share(one) / 100) for one in (self.old, self.new)}
        self._metrics.tell({METRIC: load})

    def _watch(self) -> None:
        workloads = KubernetesWorkloads(self._stage.admin, self._stage.namespace)
        while not self._ended.wait(0.5):
            self._tell()
            for one in (self.old, self.new):
                share = self._share(one)
                ready = workloads.readiness(one).endpoints_ready
                needed = math.ceil(self.before * min(share, self._share(one)) / 100)
                if share > 0 and ready < needed:
                    self.short.append(f"{one.version} at {share:g}% had {ready} of {needed}")

    def release(self, steps: list[int], *, bad: bool) -> tuple[Head, Lines]:
        """A whole update; returns the journal's head and what was told."""
        strategy = {"kind": "canary", "steps": [{"weight": weight, "bake": "4s"} for weight in steps]}
        inputs = wanted(
            candidate=self.new, strategy=strategy, analysis={"tick": "1s", "dwell": "2s", "horizon": "120s"}
        )
        clock = RealClock()
        traffic = Traffic(clock, self.router)  # type: ignore[arg-type]
        if bad:
            traffic.bad[self.new.entry] = 0.5
        journal, lines = MemoryJournalStore(), Lines()
        world = Adapters(
            self.router, self.workloads, MemoryLease(clock.now), journal, MemoryIntents(), traffic,
            fence=self._fence, autoscalers=self.autoscalers,
        )  # fmt: skip
        serving = Serving.model_validate({"backend": self.old, "route": ROUTE})
        journal.save(Head(service="checkout", serving=serving).to_json(), None)
        journal.fence = self._fence
        try:
            Update(inputs, world, {}, lines, threading.Event(), NoGuard).run()
        except RolloutAborted:
            assert bad, lines.lines[-3:]
        stored = load(world)
        assert stored is not None
        return stored.head, lines


@pytest.mark.parametrize("seed", SEEDS)
def test_a_release_never_has_fewer_ready_pods_for_its_share_than_before_and_the_minimum_comes_back(
    stage: Stage, client: Client, images: Mapping[str, str], metrics: ExternalMetrics, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - which trial it is
    before, first, bad = chance.randint(2, 4), chance.choice([10, 30, 50]), seed % 4 == 3
    service = Service(stage, client, images["v1"], metrics, seed)
    try:
        service.scale_up(before)
        head, lines = service.release([first, 100], bad=bad)
        serving = service.old if bad else service.new
        assert head.serving is not None
        assert head.serving.backend.revision == serving.revision
        assert service.workloads.readiness(serving).endpoints_ready >= before
        assert [service.autoscalers.minimum(one) for one in (service.old, service.new)] == [LEAST, LEAST]
        assert head.raised == ()
        assert not service.short, json.dumps(lines.lines[-20:], indent=1)
        # And the load holds the replicas by itself from here on: two more looks of the controller.
        assert not eventually(lambda: service.autoscalers.wants_fewer(serving), lambda fewer: not fewer)
    finally:
        service.stop()
