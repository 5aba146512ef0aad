"""What serves loses its replicas, or is changed in place: it is said, and the traffic goes where it is answered."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sandbox.sample.load import Load
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import EASY, LONG, QUICK, Service, failures, traffic_at, until


def deployment(service: Service, version: str) -> dict[str, Any]:
    """The Deployment of a version."""
    found = json.loads(service.kubectl("get", "deployments", "--output", "json"))["items"]
    return next(item for item in found if service.version_of(item["metadata"]["name"]) == version)


def scaled(service: Service, version: str, replicas: int) -> str:
    """Scale a version by hand; returns its Deployment's name."""
    name = str(deployment(service, version)["metadata"]["name"])
    service.kubectl("scale", f"deployment/{name}", f"--replicas={replicas}")
    return name


def without_failures_from_now(traffic: Load, requests: int = 100) -> bool:
    """Whether so many requests in a row succeed."""
    before = traffic.snapshot()
    after = traffic.await_counts(lambda seen: seen.sent - before.sent > requests, 30, "more requests")
    return len(after.failures) == len(before.failures)


def test_an_abort_scales_up_what_it_returns_to_and_blocks_nobody(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    service.released("v1", **EASY)
    with load(rate=100) as traffic:
        service.configure("v2", LONG, **EASY)
        process = service.stage.start_up(tmp_path / "log")
        traffic_at(traffic, "v2")
        scaled(service, "v1", 0)
        assert service.stage.slipway("abort", "checkout", "--namespace", service.stage.namespace).code == 0
        assert process.wait(120) != 0
        assert service.serving() == "v1"
        assert deployment(service, "v1")["spec"]["replicas"] == 2
        assert without_failures_from_now(traffic)
        service.back_to("v1")
        result = service.stage.up()
        assert result.code == 0, result.output


def test_missing_replicas_of_what_serves_are_said_at_once(service: Service, load: StartLoad, tmp_path: Path) -> None:
    service.released("v1", **EASY)
    log = tmp_path / "log"
    with load(rate=100) as traffic:
        service.configure("v2", LONG, **EASY)
        process = service.stage.start_up(log)
        traffic_at(traffic, "v2")
        scaled(service, "v1", 0)
        until(lambda: re.search(r"v1.*0 of 2", log.read_text()) is not None, "the output says it", 15)
        status = service.stage.slipway("status", "checkout", "--namespace", service.stage.namespace)
        assert re.search(r"0 of 2", status.output), status.output
        assert service.stage.slipway("abort", "checkout", "--namespace", service.stage.namespace).code == 0
        process.wait(120)


def test_a_candidate_with_fewer_replicas_than_serve_now_is_announced(service: Service, load: StartLoad) -> None:
    service.released("v1", **EASY)
    scaled(service, "v1", 4)
    until(lambda: deployment(service, "v1")["status"].get("readyReplicas") == 4, "4 replicas serve")
    with load(rate=200) as traffic:
        result = service.release("v2", QUICK, **EASY)
        assert failures(traffic) == []
    assert result.code == 0, result.output
    assert "4 replicas serve, the manifest declares 2" in result.output


def test_a_workload_that_was_changed_in_place_is_drift(service: Service) -> None:
    service.released("v1", **EASY)
    name = str(deployment(service, "v1")["metadata"]["name"])
    service.kubectl("set", "image", f"deployment/{name}", f"checkout={service.images['v4']}")
    digest = service.images["v4"].rpartition("@")[2][:19]
    status = service.stage.slipway("status", "checkout", "--namespace", service.stage.namespace)
    assert digest in status.output, status.output
    preview = service.stage.preview()
    assert digest in preview.output, preview.output
