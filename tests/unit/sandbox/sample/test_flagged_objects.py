from __future__ import annotations

from typing import Any

from sandbox.sample.flagged.objects import Placement, objects

PLACEMENT = Placement("shop", "registry/flagged@sha256:0", "flagged.example", "new-cart", ("10.0.0.2", 8015), fault=0.2)


def kinds(placement: Placement = PLACEMENT) -> dict[str, Any]:
    return {one["kind"]: one for one in objects(placement)}


def test_pods_are_told_where_the_flags_come_from_and_which_share_fails() -> None:
    (container,) = kinds()["Deployment"]["spec"]["template"]["spec"]["containers"]
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert variables["FLAG"] == "new-cart"
    assert (variables["FLAGD_HOST"], variables["FLAGD_SYNC_PORT"]) == ("10.0.0.2", "8015")
    assert (variables["FAULT_VARIANT"], variables["FAULT_SHARE"]) == ("on", "0.2")


def test_requests_come_to_ready_pods_by_the_route_and_counters_are_scraped() -> None:
    found = kinds()
    template = found["Deployment"]["spec"]["template"]
    assert found["Service"]["spec"]["selector"] == template["metadata"]["labels"]
    assert template["metadata"]["annotations"]["prometheus.io/scrape"] == "true"
    assert template["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert found["HTTPRoute"]["spec"]["hostnames"] == ["flagged.example"]


def test_a_pod_that_ends_serves_until_nobody_sends_to_it() -> None:
    spec = kinds()["Deployment"]["spec"]["template"]["spec"]
    waits = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 0 < waits < spec["terminationGracePeriodSeconds"]
