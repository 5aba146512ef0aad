"""Argo Rollouts: a canary with background analysis; the plugin in `toolchain/argo` moves its weights on an HTTPRoute.

Documented: the success rate of at least 95% and `failureLimit: 3` of its analysis page, where NaN and empty results
pass as that page has it. The page's interval is five minutes in most examples and one minute in one; a minute is taken,
which is the faster. The page has no latency metric: Flagger's limit is taken. Aggressive: no failure is tolerated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.peers import objects, queries
from bench.peers.api import path_of
from bench.peers.matrix import LATENCY_LIMIT_MS, WEIGHTS, Cell, Setting
from bench.peers.objects import PORT, SERVICE
from bench.peers.systems.base import Site, State, Surroundings

GROUP = "argoproj.io/v1alpha1"
PLUGIN = "slipway-bench/httproute"
STABLE, CANARY, TEMPLATE = "app-stable", "app-canary", "health"
READY_WITHIN = 120.0
SUCCESS = {"documented": 0.95, "aggressive": 0.99}
FAILURES = {"documented": 3, "aggressive": 0}
Json = dict[str, Any]


class ArgoRollouts:
    """One Rollout."""

    def __init__(self, around: Surroundings, site: Site) -> None:
        self._around, self._site = around, site
        self._generation: object = None
        self._path = path_of(GROUP, "Rollout", site.namespace, SERVICE)

    def prepare(self, cell: Cell, env: Mapping[str, str]) -> None:
        api, space = self._around.api, self._site.namespace
        api.apply(objects.namespace(space))
        for name in (STABLE, CANARY):
            api.apply(objects.service(name), space)
        api.apply(objects.route(self._site.host, {STABLE: 100, CANARY: 0}), space)
        backend = queries.cluster(space, CANARY, PORT)
        api.apply(template(self._around.prometheus, backend, cell.setting), space)
        api.apply(rollout(self._around.image, env, cell.setting.hold), space)
        self._around.patience.until(
            lambda: self._phase() == "Healthy", READY_WITHIN, "argo-rollouts", "the first version is not healthy"
        )

    def release(self, env: Mapping[str, str]) -> None:
        template = objects.pod_template(self._around.image, env)
        self._around.api.merge(self._path, {"spec": {"template": template}})

    def state(self) -> State:
        status = self._status()
        if status.get("abort"):
            return "aborted"
        done = status.get("stableRS") == status.get("currentPodHash") and status.get("phase") == "Healthy"
        return "completed" if done and self._observed(status) else "progressing"

    def said(self) -> str:
        return " ".join(str(self._status().get("message", "")).split())

    def remove(self) -> None:
        self._around.api.delete(path_of("v1", "Namespace", "", self._site.namespace))

    def _phase(self) -> str:
        status = self._status()
        return str(status.get("phase")) if self._observed(status) else ""

    def _observed(self, status: Mapping[str, Any]) -> bool:
        return str(status.get("observedGeneration")) == str(self._generation)

    def _status(self) -> Json:
        found = self._around.api.get(self._path)
        self._generation = found.get("metadata", {}).get("generation")
        return dict(found.get("status", {}))


def template(prometheus: str, backend: str, setting: Setting) -> Json:
    """The AnalysisTemplate: share of good responses, and the 99th percentile of their time."""
    window = f"{setting.interval}s"
    good = f"1 - ({queries.bad_share(backend, window)})"
    success = f"result[0] >= {SUCCESS[setting.name]}"
    quick = f"result[0] <= {LATENCY_LIMIT_MS / 1000}"

    def metric(name: str, query: str, condition: str) -> Json:
        return {
            "name": name,
            "interval": window,
            "failureLimit": FAILURES[setting.name],
            "successCondition": f"len(result) == 0 || isNaN(result[0]) || {condition}",
            "provider": {"prometheus": {"address": prometheus, "query": query}},
        }

    metrics = [
        metric("success-rate", good, success),
        metric("latency", queries.slowest(backend, window), quick),
    ]
    return {
        "apiVersion": GROUP,
        "kind": "AnalysisTemplate",
        "metadata": {"name": TEMPLATE},
        "spec": {"metrics": metrics},
    }


def rollout(image: str, env: Mapping[str, str], hold: int) -> Json:
    """The Rollout with its weights, each held for so many seconds."""
    steps: list[Json] = []
    for weight in WEIGHTS:
        steps += [{"setWeight": weight}, {"pause": {"duration": f"{hold}s"}}]
    canary = {
        "stableService": STABLE,
        "canaryService": CANARY,
        "trafficRouting": {"plugins": {PLUGIN: {"httpRoute": SERVICE}}},
        "analysis": {"templates": [{"templateName": TEMPLATE}], "startingStep": 1},
        "steps": steps,
    }
    spec = {**objects.workload(image, env), "strategy": {"canary": canary}}
    return {"apiVersion": GROUP, "kind": "Rollout", "metadata": {"name": SERVICE}, "spec": spec}
