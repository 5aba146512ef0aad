"""The service from its manifest's path: what is read, declared and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


MIGRATION = {"id": "m1", "phase": "expand", "up": "m1.up.sql", "down": "m1.down.sql"}
DATABASE: ServiceArgs = {**ARGS, "database": {"kind": "postgresql", "url": {"env": "CHECKOUT_DATABASE_URL"}}}


@pytest.fixture
def migrating(project: Path) -> None:
    (project / "releases/checkout.yaml").write_text(text(migrations=[MIGRATION]))
    (project / "releases/m1.up.sql").write_text("CREATE TABLE carts (id bigint);")
    (project / "releases/m1.down.sql").write_text("DROP TABLE carts;")


@pytest.mark.usefixtures("migrating")
def test_the_migrations_of_a_release_are_applied_before_anything_of_it_exists_where_a_database_is_given() -> None:
    record = declare(lambda: Service("checkout", DATABASE))
    migrations = record.one("slipway:index:Migrations")
    url = {"env": "CHECKOUT_DATABASE_URL"}
    assert migrations.properties["database"] == {"kind": "postgresql", "url": url, "within": 300.0}
    assert [one["id"] for one in migrations.properties["migrations"]] == ["m1"]
    assert record.one("slipway:index:Release").urn in migrations.depends_on
    assert migrations.urn in record.one("slipway:index:Rollout").depends_on


@pytest.mark.usefixtures("migrating")
def test_without_a_database_nothing_is_migrated() -> None:
    record = declare(lambda: Service("checkout", ARGS))
    assert "slipway:index:Migrations" not in {one.type for one in record}


def test_the_address_of_a_database_is_never_given_itself() -> None:
    url: Any = "postgresql://user:hunter2@db.example/checkout"
    said = problems({**ARGS, "database": {"kind": "postgresql", "url": url}})
    assert "database.url" in said
    assert "hunter2" not in said


def test_a_standby_is_another_release_of_the_same_service(project: Path) -> None:
    (project / "releases/before.yaml").write_text(text(service="payments", version="0.9.0"))
    assert "standby: is a release of payments" in problems({**ARGS, "standby": "releases/before.yaml"})
    assert "standby: has the same version" in problems({**ARGS, "standby": "releases/checkout.yaml"})
