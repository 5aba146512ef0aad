"""Migrations of real releases on the real cluster and a real PostgreSQL: up before the new version exists, down once
nothing of it serves or runs."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any

import pytest

from sandbox.stage import manifests
from slipway.release.labels import REVISION_LABEL
from tests.integration.cli.conftest import FAST, Slipway, StartLoad
from tests.integration.migrations.conftest import VARIABLE, server
from tests.integration.migrations.own_postgresql import OwnPostgreSql
from tests.integration.releases.service import NAME, Service, failures

__all__ = ["server"]

SMALL = manifests.workload(replicas=2, drain={"beforeStop": "1s", "grace": "8s"})
ACTION = "restore shop.orders from the copy"
UNDONE = {"maxMinutes": 1, "constraints": [], "compensations": [ACTION]}


@pytest.fixture
def migrated(service: Service, server: OwnPostgreSql) -> Service:
    """A stack that names the database of its service, which has an empty schema."""
    server.ask("DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop; DROP SCHEMA IF EXISTS slipway CASCADE")
    server.ask("CREATE TABLE shop.went (what text, at timestamptz DEFAULT clock_timestamp())")
    service.stage.databases = {NAME: {"kind": "postgresql", "url": {"env": VARIABLE}, "within": "60s"}}
    path = f"{service.stage.environment['PATH']}:{os.environ['PATH']}"
    service.stage.environment |= {VARIABLE: server.url, "PATH": path}
    return service


def reversible(service: Service, name: str, up: str, down: str) -> dict[str, Any]:
    """A migration whose scripts leave behind when they ran."""
    folder = service.stage.folder / "releases" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    for side, script in (("up", up), ("down", down)):
        note = f"INSERT INTO shop.went VALUES ('{side} {name}');"  # noqa: S608
        (folder / f"{name}.{side}.sql").write_text(f"{script}\n{note}\n")
    return {"id": name, "up": f"{name}.up.sql", "down": f"{name}.down.sql", "phase": "expand"}


def went(server: OwnPostgreSql) -> list[tuple[str, float]]:
    """What ran, in its order, and when in Unix seconds."""
    rows = server.ask("SELECT what, extract(epoch FROM at) FROM shop.went ORDER BY at").splitlines()
    return [(what, float(at)) for what, _, at in (row.partition("|") for row in rows)]


def test_ways_up_run_before_the_new_version_exists_and_ways_down_after_it_is_gone(
    migrated: Service, server: OwnPostgreSql, load: StartLoad, slipway: Slipway
) -> None:
    service = migrated
    service.released("v1", FAST, workload=SMALL)
    listed = [
        reversible(service, "0001", "CREATE TABLE shop.coupons (code text);", "DROP TABLE shop.coupons;"),
        reversible(service, "0002", "ALTER TABLE shop.coupons ADD value int;", "ALTER TABLE shop.coupons DROP value;"),
    ]
    with load(rate=100):
        service.released("v2", FAST, workload=SMALL, standby="v1", migrations=listed)
    ups = went(server)
    assert [what for what, _ in ups] == ["up 0001", "up 0002"]
    revision = service.head().commits[0].revision
    made = json.loads(service.kubectl("get", "deployment", f"{NAME}-{revision}", "--output", "json"))
    created = datetime.fromisoformat(made["metadata"]["creationTimestamp"]).timestamp()
    assert ups[-1][1] < created + 1.0, "the API server's time is in whole seconds"
    shown = slipway("migrations", NAME)
    assert [(one["id"], one["state"], one["version"]) for one in shown["migrations"]] == [
        ("0001", "applied", "v2"),
        ("0002", "applied", "v2"),
    ]

    with load(rate=100) as traffic:
        done = slipway("rollback", NAME, "--yes")
        assert failures(traffic) == []
    assert done["undone"] == ["0002", "0001"]
    assert service.serving() == "v1"
    assert [what for what, _ in went(server)] == ["up 0001", "up 0002", "down 0002", "down 0001"]
    assert went(server)[2][1] > service.head().commits[0].at, "the traffic is back first"
    assert service.deployments() == {f"{NAME}-{service.head().commits[0].revision}"}
    pods = json.loads(service.kubectl("get", "pods", "--selector", f"{REVISION_LABEL}={revision}", "--output", "json"))
    assert pods["items"] == []
    assert server.ask("SELECT to_regclass('shop.coupons') IS NULL") == "t"
    assert service.stage.services()[NAME] == {"manifest": service.paths["v1"]}
    assert service.stage.preview("--expect-no-changes").code == 0


def test_an_irreversible_migration_refuses_the_rollback_until_it_was_compensated(
    migrated: Service, server: OwnPostgreSql, load: StartLoad, slipway: Slipway
) -> None:
    service = migrated
    service.released("v1", FAST, workload=SMALL)
    one = reversible(service, "0042", "DROP TABLE IF EXISTS shop.orders;", "")
    gone = {**one, "down": None, "phase": "contract", "compensation": ACTION}
    del gone["down"]
    with load(rate=100):
        service.released("v2", FAST, workload=SMALL, standby="v1", migrations=[gone], rollback=UNDONE)
    refused = slipway("rollback", NAME, "--yes", code=1)
    assert "migration 0042 of v2 (contract) has no way down" in refused["error"]
    assert ACTION in refused["error"]
    assert service.serving() == "v2"
    assert service.stage.services()[NAME]["manifest"] == service.paths["v2"]
    done = slipway("rollback", NAME, "--yes", "--compensated", "0042")
    assert (done["undone"], service.serving()) == ([], "v1")
    assert [what for what, _ in went(server)] == ["up 0042"]


def test_a_way_up_that_fails_stops_the_release_before_anything_of_it_exists(
    migrated: Service, server: OwnPostgreSql, load: StartLoad
) -> None:
    service = migrated
    service.released("v1", FAST, workload=SMALL)
    before = service.deployments()
    broken = reversible(service, "0001", "CREATE TABLE shop.a (b int);\nALTER TABLE shop.nothing ADD c int;", "")
    with load(rate=50) as traffic:
        failed = service.release("v2", FAST, workload=SMALL, standby="v1", migrations=[broken])
        assert failures(traffic) == []
    assert failed.code != 0
    assert 'migration 0001 of v2: line 2: ERROR: relation "shop.nothing" does not exist' in failed.output
    assert service.deployments() == before
    assert (went(server), service.serving()) == ([], "v1")
