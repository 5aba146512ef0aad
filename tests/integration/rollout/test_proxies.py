"""The gateway's own Envoy, asked itself, against what the client counted."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2
import pytest
from lightkube import Client

from sandbox.context import ENVOY_STATS_PORT
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import KubernetesTarget
from slipway.rollout.metrics import source_for
from slipway.rollout.metrics.counters import deltas
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.gateway_api import GatewayApiRouter
from tests.integration.rollout.stage import SERVICE, Stage, eventually
from tests.integration.rollout.test_counters import send, settled

ERRORS = ErrorRatio(name="errors", kind="error-ratio")


def test_a_request_is_counted_at_the_next_look_without_any_scrape(
    client: Client,
    stage: Stage,
    route: Route,
    host: str,
    images: Mapping[str, str],
    variables: Mapping[str, str],
) -> None:
    address = f"http://{urlsplit(variables['SLIPWAY_GATEWAY_URL']).hostname}:{ENVOY_STATS_PORT}"
    if not _answers(address):
        pytest.skip("the gateway's Envoy is not reached from here")
    old = stage.ready(stage.deploy("good", images["v1"], replicas=1))
    new = stage.ready(stage.deploy("failing", images["errors-5"], replicas=1))
    metrics = MetricsSource.model_validate({"kind": "proxies", "proxies": {"addresses": [address]}})
    source = source_for(metrics, KubernetesTarget(namespace=stage.namespace))
    settled(GatewayApiRouter(client, stage.namespace, SERVICE), route, Split(((old, 50.0), (new, 50.0))))
    eventually(lambda: source.knows(new, old, 0.0), bool)
    assert source.unseen(old) is None
    before = source.snapshot([ERRORS], new, old)
    sent = send(variables["SLIPWAY_GATEWAY_URL"], host, 200)
    counts = deltas(before, source.snapshot([ERRORS], new, old))["errors"]
    by_version = {name: sum(n for (version, _), n in sent.items() if version == name) for name in ("v1", "errors-5")}
    assert (counts.candidate.total, counts.candidate.bad) == (by_version["errors-5"], sent[("errors-5", 500)])
    assert (counts.baseline.total, counts.baseline.bad) == (by_version["v1"], 0)
    assert source.in_flight(old) == 0


def _answers(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/ready", timeout=2.0).status_code == 200
    except httpx2.HTTPError:
        return False
