"""The database in a rollback: what refuses it, what is undone, when and in which order."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.cli import rollback_schema
from slipway.cli.entry_plan import Plan
from slipway.cli.entry_run import EntryRun, Outcome
from slipway.cli.rollback_schema import Answers
from slipway.release.errors import ClusterError, ReleaseRefused
from slipway.release.records import journal
from slipway.rollout.migrations.base import Applied
from slipway.rollout.migrations.memory import MemoryDatabase
from slipway.rollout.platforms.memory import MemoryWorkloads
from tests.unit.slipway.cli.project import SERVICE, Project

UP, DOWN = "ALTER TABLE orders ADD COLUMN {} text;", "ALTER TABLE orders DROP COLUMN {};"
DATABASES = {name: {"kind": "postgresql", "url": {"env": "DATABASE_URL"}} for name in (SERVICE, "payments")}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def database(project: Project, monkeypatch: pytest.MonkeyPatch) -> MemoryDatabase:
    """The stack names a database of the service, and this is it."""
    made = MemoryDatabase()
    monkeypatch.setattr(rollback_schema.plan_schema, "__defaults__", (lambda *_: made,))
    declare = project.declare

    def with_databases(services: Any) -> None:
        declare(services)
        content = yaml.safe_load(project.file.read_text())
        content["config"]["releases:databases"] = DATABASES
        project.file.write_text(yaml.safe_dump(content))

    monkeypatch.setattr(project, "declare", with_databases)
    return made


def migrate(project: Project, database: MemoryDatabase | None, version: str, *names: str, standby: str) -> None:
    """Release a version with reversible migrations of these names, which its database then has."""
    listed = []
    for name in names:
        for side, text in (("up", UP.format(name)), ("down", DOWN.format(name))):
            path = project.folder / "releases" / SERVICE / f"{name}.{side}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        listed.append({"id": name, "up": f"{name}.up.sql", "down": f"{name}.down.sql", "phase": "expand"})
    project.release(version, standby=standby, migrations=listed)
    if database is not None:
        revision = project.backend(version).revision
        for name in names:
            entry = Applied(name, "applied", version, revision, sha(UP.format(name)), sha(DOWN.format(name)))
            database.entries[name] = entry


def irreversible(project: Project, version: str, action: str = "restore orders.total from the copy") -> None:
    one = {"id": "0042", "up": "42.sql", "phase": "contract", "compensation": action}
    rollback = {"maxMinutes": 5, "constraints": [], "compensations": [action]}
    project.release(version, standby="1", migrations=[one], rollback=rollback)


def plan(project: Project, *compensated: str, keep_schema: bool = False, to: str | None = None) -> Plan:
    return project.plan(to, Answers(compensated, keep_schema))


def test_an_irreversible_migration_refuses_the_rollback_with_its_compensation(project: Project) -> None:
    project.release("1")
    irreversible(project, "2")
    with pytest.raises(ReleaseRefused) as error:
        project.plan()
    told = str(error.value)
    assert "migration 0042 of 2 (contract) has no way down" in told
    assert "its compensation is: restore orders.total from the copy" in told
    assert told.endswith("then run the command again with --compensated 0042")


def test_once_it_was_compensated_it_goes_on_and_says_so(project: Project) -> None:
    project.release("1")
    irreversible(project, "2")
    planned = plan(project, "0042")
    assert planned.destination.release.version == "1"
    assert planned.warnings == (
        "migration 0042 of 2 (contract) stays applied, compensated: restore orders.total from the copy",
    )


def test_an_irreversible_migration_two_releases_back_refuses_too(project: Project) -> None:
    project.release("1")
    irreversible(project, "2")
    project.release("3", standby="2")
    assert project.plan().destination.release.version == "2"
    with pytest.raises(ReleaseRefused, match="0042 of 2"):
        project.plan("1")


def test_where_no_traffic_moves_nothing_is_refused(project: Project) -> None:
    project.release("1")
    action = "restore"
    one = {"id": "0042", "up": "42.sql", "phase": "contract", "compensation": action}
    limits = {"maxMinutes": 5, "constraints": [], "compensations": [action]}
    project.declare({SERVICE: {"manifest": project.manifest("2", migrations=[one], rollback=limits)}})
    project.save(journal.aborted(project.head(), project.attempt("2"), "5% errors", 1.0, quarantine=True))
    assert not project.plan().destination.moves_traffic


def test_the_way_forward_to_a_release_that_was_left_undoes_nothing(project: Project, database: MemoryDatabase) -> None:
    migrate(project, database, "1", "0001", standby="0")
    project.release("2", standby="1")
    project.commit("1")  # as a rollback does
    project.declare({SERVICE: {"manifest": "releases/checkout/1.yaml"}})
    assert plan(project, to="2").schema.steps == ()


def test_a_release_whose_migrations_are_undone_does_not_stay_warm(project: Project, database: MemoryDatabase) -> None:
    project.release("1")
    migrate(project, database, "2", "coupon", standby="1")
    planned = plan(project)
    assert planned.destination.entry == {"manifest": "releases/checkout/1.yaml"}
    assert planned.warnings == (
        "migration coupon of 2 is undone once nothing of it runs, which takes data away: drop column orders.coupon",
    )


def test_with_keep_schema_it_stays_warm_and_nothing_is_undone(project: Project, database: MemoryDatabase) -> None:
    project.release("1")
    migrate(project, database, "2", "coupon", standby="1")
    planned = plan(project, keep_schema=True)
    assert planned.destination.entry["standby"] == "releases/checkout/2.yaml"
    assert planned.schema.steps == ()
    assert planned.warnings == ("migration coupon of 2 stays applied (expand); its way down is coupon.down.sql",)


def test_without_a_database_of_the_stack_nothing_is_undone(project: Project) -> None:
    project.release("1")
    migrate(project, None, "2", "coupon", standby="1")
    planned = project.plan()
    assert planned.schema.steps == ()
    assert planned.destination.entry["standby"] == "releases/checkout/2.yaml"


def test_what_was_never_applied_is_not_undone(project: Project, database: MemoryDatabase) -> None:
    project.release("1")
    migrate(project, None, "2", "coupon", standby="1")
    assert plan(project).schema.steps == ()


def test_a_database_that_cannot_be_asked_stops_the_plan(project: Project, database: MemoryDatabase) -> None:
    project.release("1")
    migrate(project, database, "2", "coupon", standby="1")
    database.faults.next("applied", ClusterError("the database is away"))
    with pytest.raises(ClusterError, match="the database is away"):
        plan(project)


def test_a_manifest_that_was_edited_since_is_no_ground_for_an_undo(project: Project, database: MemoryDatabase) -> None:
    project.release("1")
    migrate(project, database, "2", "coupon", standby="1")
    migrate(project, database, "3", "voucher", standby="2")
    (project.folder / "releases" / SERVICE / "2.yaml").unlink()
    planned = plan(project, to="1")
    assert planned.schema.steps == ()
    assert any("1 manifest(s) of what is left cannot be read" in text for text in planned.warnings)


# -- carried out -------------------------------------------------------------------------------------------


def carried_out(
    project: Project, planned: Plan, tmp_path: Path, pods: dict[str, list[int]]
) -> tuple[Outcome, list[str]]:
    """A rollback whose engine commits the target; `pods` are the answers of how many run, by version."""
    told: list[str] = []
    workloads = project.world.workloads
    assert isinstance(workloads, MemoryWorkloads)
    by_name = {project.backend(version).workload: counts for version, counts in pods.items()}

    def running(backend: Any) -> int:
        counts = by_name[backend.workload]
        told.append(f"{backend.version} runs {counts[0]}")
        return counts.pop(0)

    workloads.running = running  # type: ignore[method-assign]

    def during() -> None:
        told.append("traffic back")
        project.commit(planned.destination.release.version)

    project.engine.during = during
    world = dataclasses.replace(planned.adapters, pause=lambda _: None)
    planned = dataclasses.replace(planned, adapters=world)
    run = EntryRun(project.engine, planned, whole_stack=True)
    with planned.file.draft() as draft:
        run.write(draft, tmp_path / "alone.json")
        return run.carry_out(draft, "", told.append), told


def test_two_releases_are_undone_the_newest_first_after_the_traffic_is_back_and_their_pods_are_gone(
    project: Project, database: MemoryDatabase, tmp_path: Path
) -> None:
    project.release("1")
    migrate(project, database, "2", "a", "b", standby="1")
    migrate(project, database, "3", "c", standby="2")
    planned = plan(project, to="1")
    done, told = carried_out(project, planned, tmp_path, {"2": [0], "3": [2, 1, 0]})
    assert done.error is None
    assert done.summary.endswith("migration c, b, a undone")
    assert database.ran == [DOWN.format(name) for name in "cba"]
    assert told == [
        "traffic back",
        "3 runs 2",
        "waiting until the pods of 3 are gone",
        "3 runs 1",
        "3 runs 0",
        "2 runs 0",
        "migration c: its way down runs",
        "migration b: its way down runs",
        "migration a: its way down runs",
    ]


def test_while_pods_of_it_run_nothing_is_undone(project: Project, database: MemoryDatabase, tmp_path: Path) -> None:
    project.release("1")
    migrate(project, database, "2", "coupon", standby="1")
    done, _ = carried_out(project, plan(project), tmp_path, {"2": [1] * 200})
    assert done.error is not None
    assert "1 pod(s) of 2 still run, so its migrations stay applied" in done.error
    assert "1 (" in done.error and "serves" in done.error
    assert database.ran == []


def test_an_update_that_fails_undoes_nothing(project: Project, database: MemoryDatabase, tmp_path: Path) -> None:
    project.release("1")
    migrate(project, database, "2", "coupon", standby="1")
    planned = plan(project)
    project.engine.updated = dataclasses.replace(project.engine.previewed, error="the cluster is away")
    done, _ = carried_out(project, planned, tmp_path, {"2": [0]})
    assert done.error is not None
    assert database.ran == []


def test_one_that_fails_is_told_beside_what_serves(project: Project, database: MemoryDatabase, tmp_path: Path) -> None:
    project.release("1")
    migrate(project, database, "2", "a", "b", standby="1")
    planned = plan(project)
    database.faults.next("down", ClusterError("line 1: ERROR: deadlock detected"))
    done, _ = carried_out(project, planned, tmp_path, {"2": [0]})
    assert done.error is not None
    assert "but the database is not as it was: checkout: migration b of 2: line 1: ERROR: deadlock" in done.error
    assert sorted(database.entries) == ["a", "b"]


def test_the_engine_is_told_of_no_database_of_a_service_that_does_not_serve(
    project: Project, database: MemoryDatabase, tmp_path: Path
) -> None:
    project.release("1")
    migrate(project, database, "2", "coupon", standby="1")
    planned = plan(project)
    with planned.file.draft() as draft:
        EntryRun(project.engine, planned, whole_stack=False).write(draft, tmp_path / "alone.json")
    told = json.loads((tmp_path / "alone.json").read_text())["config"]
    assert set(told["releases:services"]) == set(told["releases:databases"]) == {SERVICE}
