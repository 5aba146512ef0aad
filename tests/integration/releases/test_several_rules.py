"""A route with several rules under traffic, on the sandbox's gateway, whichever that is."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.sample.load import Load
from sandbox.stage import manifests
from slipway.release.rollout_inputs import Backend, MetricsSource
from slipway.release.target import KubernetesTarget
from slipway.rollout.metrics import source_for
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import NAME, QUICK, Service, failures, traffic_at, until

TOLD = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "x-rule", "value": "api"}]}}


def two_rules(service: Service) -> dict[str, Any]:
    """One for /api with a filter and a timeout, one for everything else."""
    api = {"matches": [{"path": {"value": "/api"}}], "filters": [TOLD], "timeouts": {"request": "5s"}}
    plain = {name: value for name, value in manifests.route(service.host).items() if name != "timeout"}
    return {**plain, "rules": [api, {}]}


def counted(service: Service, backend: Backend) -> float:
    """Requests of a version at the gateway, by the source that the stack declares."""
    metrics = MetricsSource.model_validate(service.stage.metrics)
    source = source_for(metrics, KubernetesTarget(namespace=service.stage.namespace), service=NAME)
    return source.requests((backend,))[backend.revision]


@pytest.mark.usefixtures("counted_by")
def test_a_canary_takes_both_rules_without_a_failed_request_and_counts_them_together(
    service: Service, load: StartLoad
) -> None:
    service.released("v1", route=two_rules(service))
    with load(rate=100) as plain, load(rate=50, path="/api") as api:
        traffic_at(plain, "v1")
        traffic_at(api, "v1")
        service.released("v2", QUICK, route=two_rules(service))
        traffic_at(api, "v2")
        for one in (plain, api):
            assert failures(one) == []
    assert service.serving() == "v2"
    serving = service.head().serving
    assert serving is not None
    sent = [one.snapshot().count("v2") for one in (plain, api)]
    assert min(sent) > 0
    until(lambda: counted(service, serving.backend) == sum(sent), f"{sent} requests of both rules are counted")


@pytest.mark.usefixtures("counted_by")
def test_a_broken_version_gets_copies_of_both_rules_and_no_user_sees_it(service: Service, load: StartLoad) -> None:
    service.released("v1", route=two_rules(service))
    copies = {"mirror": "50%", "methods": ["GET"], "bake": "120s"}
    if service.stage.environment.get("SLIPWAY_METRICS_PROFILE") is None:
        copies["mirror"] = "100%"  # Contour copies all
    strategy = {"kind": "canary", "steps": [copies, {"weight": 50, "bake": "1s"}, {"weight": 100, "bake": "1s"}]}

    def seen_by_users(traffic: Load) -> tuple[int, int]:
        counts = traffic.snapshot()
        return len(counts.failures), counts.count("errors-100")

    with load(rate=100) as plain, load(rate=50, path="/api") as api:
        result = service.release("errors-100", strategy, route=two_rules(service))
        assert result.code != 0 and "aborted before any traffic" in result.output, result.output
        assert seen_by_users(plain) == seen_by_users(api) == (0, 0)
    attempt = service.head().attempt
    assert attempt is not None and attempt.steps[0].errors == attempt.steps[0].requests > 0
    assert service.serving() == "v1" and not service.live().mirrored
