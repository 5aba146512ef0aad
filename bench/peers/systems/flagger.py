"""Flagger with its Gateway API router.

Documented: its Gateway API tutorial, value for value (interval 1m, threshold 5, steps of 10% to 50%, errors at most 1%
over 1m, latency at most 0.5 s over 30s), on Envoy's counters. Aggressive: a look each 10 s, the first failed check is
the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.peers import objects, queries
from bench.peers.api import path_of
from bench.peers.matrix import LATENCY_LIMIT_MS, WEIGHTS, Cell, Setting
from bench.peers.objects import PORT, SERVICE
from bench.peers.systems.base import Site, State, Surroundings

GROUP = "flagger.app/v1beta1"
READY_WITHIN = 300.0
"""Setting up takes two turns of its loop, each an interval long."""
THRESHOLD = {"documented": 5, "aggressive": 1}
LATENCY_WINDOW = {"documented": "30s", "aggressive": "10s"}
ENDED: Mapping[str, State] = {"Succeeded": "completed", "Failed": "aborted"}
Json = dict[str, Any]


class Flagger:
    """One Canary."""

    def __init__(self, around: Surroundings, site: Site) -> None:
        self._around, self._site = around, site
        self._path = path_of(GROUP, "Canary", site.namespace, SERVICE)
        self._released = False

    def prepare(self, cell: Cell, env: Mapping[str, str]) -> None:
        api, space = self._around.api, self._site.namespace
        api.apply(objects.namespace(space))
        api.apply(objects.deployment(self._around.image, env), space)
        for template in templates(self._around.prometheus, space):
            api.apply(template, space)
        api.apply(canary(self._site.host, cell.setting), space)
        self._around.patience.until(
            lambda: self._phase() == "Initialized", READY_WITHIN, "flagger", "the first version is not set up"
        )

    def release(self, env: Mapping[str, str]) -> None:
        template = objects.pod_template(self._around.image, env)
        deployment = path_of("apps/v1", "Deployment", self._site.namespace, SERVICE)
        self._around.api.merge(deployment, {"spec": {"template": template}})

    def state(self) -> State:
        phase = self._phase()
        self._released |= phase != "Initialized"
        return ENDED.get(phase, "progressing") if self._released else "progressing"

    def said(self) -> str:
        conditions = self._status().get("conditions") or [{}]
        return " ".join(str(conditions[-1].get("message", "")).split())

    def remove(self) -> None:
        self._around.api.delete(self._path)
        self._around.api.delete(path_of("v1", "Namespace", "", self._site.namespace))

    def _phase(self) -> str:
        return str(self._status().get("phase", ""))

    def _status(self) -> Json:
        return dict(self._around.api.get(self._path).get("status", {}))


def templates(prometheus: str, namespace: str) -> list[Json]:
    """The two MetricTemplates: errors in percent, latency in seconds."""
    backend = queries.cluster(namespace, f"{SERVICE}-canary", PORT)
    window = "{{ interval }}"
    asked = {
        "error-rate": f"100 * ({queries.bad_share(backend, window)})",
        "latency": queries.slowest(backend, window),
    }
    return [
        {
            "apiVersion": GROUP,
            "kind": "MetricTemplate",
            "metadata": {"name": name},
            "spec": {"provider": {"type": "prometheus", "address": prometheus}, "query": query},
        }
        for name, query in asked.items()
    ]


def canary(host: str, setting: Setting) -> Json:
    """The Canary with its two checks."""
    metrics = [
        _metric("error-rate", 1, f"{setting.interval}s"),
        _metric("latency", LATENCY_LIMIT_MS / 1000, LATENCY_WINDOW[setting.name]),
    ]
    spec = {
        "provider": "gatewayapi:v1",
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": SERVICE},
        "progressDeadlineSeconds": 60,
        "service": {
            "port": PORT,
            "targetPort": PORT,
            "hosts": [host],
            "gatewayRefs": [{"name": "public", "namespace": "edge"}],
        },
        "analysis": {
            "interval": f"{setting.interval}s",
            "threshold": THRESHOLD[setting.name],
            "maxWeight": WEIGHTS[-1],
            "stepWeight": WEIGHTS[0],
            "metrics": metrics,
        },
    }
    return {"apiVersion": GROUP, "kind": "Canary", "metadata": {"name": SERVICE}, "spec": spec}


def _metric(name: str, most: float, window: str) -> Json:
    return {"name": name, "templateRef": {"name": name}, "thresholdRange": {"max": most}, "interval": window}
