"""The service from its manifest's path: what is read, declared and refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.packaged import Service, ServiceArgs
from slipway.release.errors import InputError
from tests.components.recorder import declare
from tests.manifests import ABSENT, STRATEGIES, text

ARGS: ServiceArgs = {
    "manifest": "releases/checkout.yaml",
    "namespace": "shop",
    "metrics": {"kind": "prometheus", "url": "http://prometheus.example:9090"},
    "gates": {"mode": "off", "reason": "a test of the component"},
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases/checkout.yaml").write_text(text())
    return tmp_path


def problems(args: ServiceArgs) -> str:
    with pytest.raises(InputError) as caught:
        Service("checkout", args)
    return str(caught.value)


def test_a_service_is_its_release_and_behind_it_the_topology_of_its_strategy(project: Path) -> None:
    record = declare(lambda: Service("any name", ARGS))
    service, gate = record.one("slipway:index:Service"), record.one("slipway:index:Release")
    topology, rollout = record.one("slipway:index:Canary"), record.one("slipway:index:Rollout")
    assert (gate.parent, topology.parent, rollout.parent) == (service.urn, service.urn, topology.urn)
    assert {each.name for each in (gate, topology, rollout)} == {"checkout"}, "named as in the manifest"
    assert gate.urn in rollout.depends_on
    assert gate.properties["manifest"] == rollout.properties["manifest"] == "releases/checkout.yaml"


def test_the_manifest_decides_what_there_is(project: Path) -> None:
    (project / "releases/checkout.yaml").write_text(text(strategy=STRATEGIES["rolling"]))
    assert declare(lambda: Service("checkout", ARGS)).one("slipway:index:Rolling").name == "checkout"


def test_everything_that_is_wrong_with_the_manifests_is_said_at_once(project: Path) -> None:
    (project / "releases/checkout.yaml").write_text(text(rollback=ABSENT))
    said = problems({**ARGS, "standby": "../elsewhere.yaml"})
    assert "releases/checkout.yaml: rollback: is missing" in said
    assert "../elsewhere.yaml" in said


def test_a_probe_needs_to_know_the_gateway() -> None:
    assert "gatewayUrl: is missing, but needed by probe" in problems({**ARGS, "probe": {"rate": 5}})


def test_a_standby_is_another_release_of_the_same_service(project: Path) -> None:
    (project / "releases/before.yaml").write_text(text(service="payments", version="0.9.0"))
    assert "standby: is a release of payments" in problems({**ARGS, "standby": "releases/before.yaml"})
    assert "standby: has the same version" in problems({**ARGS, "standby": "releases/checkout.yaml"})
