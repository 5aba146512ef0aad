"""Somebody else writes the route, or declares the service: seen at once, put back or refused, and named."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from sandbox.stage.project import Stage
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import EASY, LONG, Service, failures, says, traffic_at, until


def test_weights_changed_by_hand_in_the_middle_are_put_back_at_once_and_named(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    service.released("v1", **EASY)
    log = tmp_path / "log"
    with load(rate=100) as traffic:
        service.configure("v2", LONG, **EASY)
        process = service.stage.start_up(log)
        traffic_at(traffic, "v2")
        before = dict(service.live().shares)
        spec = json.loads(service.kubectl("get", "httproute", "checkout", "--output", "json"))["spec"]
        for backend, weight in zip(spec["rules"][0]["backendRefs"], (1, 9999), strict=True):
            backend["weight"] = weight
        patch = json.dumps({"spec": {"rules": spec["rules"]}})
        service.kubectl("patch", "httproute", "checkout", "--type=merge", f"--patch={patch}")
        until(lambda: dict(service.live().shares) == before or service.serving() == "v1", "put back", 10)
        until(lambda: says(log, "another writer"), "the output says it", 10)
        service.stage.slipway("abort", "checkout", "--namespace", service.stage.namespace)  # unless it ended by itself
        assert process.wait(60) != 0
        assert service.serving() == "v1"
        assert failures(traffic) == []
    assert "clients stick" not in log.read_text()


def test_another_stack_that_declares_the_same_service_is_refused_with_both_names(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    service.released("v1", **EASY)
    other = Stage(tmp_path / "other", "other", service.stage.namespace, service.stage.environment)
    service.stage.checkout(other.folder)
    other.checked("stack", "init", "other")
    first, own = (yaml.safe_load(one.config_file.read_text()) for one in (service.stage, other))
    other.config_file.write_text(yaml.safe_dump({**own, "config": first["config"]}))
    path = service.declare("v2", LONG, **EASY)
    (other.folder / path).write_text((service.stage.folder / path).read_text())
    other.configure("checkout", path)
    with load(rate=100) as traffic:
        result = other.up()
        assert result.code != 0
        for stack in ("releases/test", "releases/other"):
            assert stack in result.output, result.output
        assert service.serving() == "v1"
        assert failures(traffic) == []
    other.run("destroy", "--yes", "--skip-preview")
    assert service.serving() == "v1"
