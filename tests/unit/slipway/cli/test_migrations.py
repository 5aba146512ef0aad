"""`slipway migrations`: what a database has, and the way down of a release that neither serves nor runs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from slipway.cli import migrations_undo
from slipway.cli.main import cli
from slipway.release.records import journal
from slipway.rollout.migrations import postgresql
from slipway.rollout.migrations.memory import MemoryDatabase
from slipway.rollout.platforms.memory import MemoryWorkloads
from tests.unit.slipway.cli.project import SERVICE, Project
from tests.unit.slipway.cli.test_rollback_schema import DOWN, database, migrate

__all__ = ["database"]


@pytest.fixture
def migrated(project: Project, database: MemoryDatabase, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Version 2 was applied and then left: version 1 serves, and nothing of version 2 runs."""
    monkeypatch.setattr(postgresql, "PostgreSql", lambda *_: database)
    monkeypatch.setattr(migrations_undo, "connect_adapters", lambda *_: project.world)
    project.release("1")
    migrate(project, database, "2", "a", "b", standby="1")
    project.commit("1")
    workloads = project.world.workloads
    assert isinstance(workloads, MemoryWorkloads)
    workloads.remove(project.backend("2"))
    return project


def run(project: Project, *options: str) -> Result:
    arguments = ["migrations", SERVICE, "--cwd", str(project.folder), "--stack", "prod", *options]
    return CliRunner().invoke(cli, arguments)


MANIFEST = f"releases/{SERVICE}/2.yaml"


def test_what_is_applied_is_listed_with_the_release_that_did_it(migrated: Project) -> None:
    told = json.loads(run(migrated, "--json").stdout)
    revision = migrated.backend("2").revision
    assert told["migrations"] == [
        {"id": name, "state": "applied", "version": "2", "revision": revision} for name in ("a", "b")
    ]
    assert f"by 2 ({revision})" in run(migrated).stdout


def test_those_of_a_release_that_was_left_are_undone_the_last_one_first(
    migrated: Project, database: MemoryDatabase
) -> None:
    told = json.loads(run(migrated, "--undo", MANIFEST, "--yes", "--json").stdout)
    assert (told["undone"], told["migrations"]) == (["b", "a"], [])
    assert database.ran == [DOWN.format("b"), DOWN.format("a")]


def test_nothing_is_undone_of_a_release_that_serves(migrated: Project, database: MemoryDatabase) -> None:
    migrated.commit("2")
    found = run(migrated, "--undo", MANIFEST, "--yes")
    assert found.exit_code == 1
    assert "2 serves, or a release after it does" in found.stderr
    assert database.ran == []


def test_nor_of_one_that_what_serves_was_built_on(migrated: Project, database: MemoryDatabase) -> None:
    migrated.commit("2")
    migrated.release("3", standby="2")
    assert "2 serves, or a release after it does" in run(migrated, "--undo", MANIFEST, "--yes").stderr
    assert database.ran == []


def test_nor_while_pods_of_it_run(migrated: Project, database: MemoryDatabase) -> None:
    workloads = migrated.world.workloads
    assert isinstance(workloads, MemoryWorkloads)
    workloads.put(migrated.backend("2"))
    assert "3 pod(s) of 2 run" in run(migrated, "--undo", MANIFEST, "--yes").stderr
    assert database.ran == []


def test_nor_while_a_rollout_is_unfinished(migrated: Project, database: MemoryDatabase) -> None:
    migrated.save(journal.begun(migrated.head(), migrated.attempt("2")))
    assert "a rollout is unfinished" in run(migrated, "--undo", MANIFEST, "--yes").stderr
    assert database.ran == []


def test_what_another_release_applied_is_left_to_that_one(migrated: Project, database: MemoryDatabase) -> None:
    database.entries = {name: replace(entry, revision="f" * 20) for name, entry in database.entries.items()}
    assert "2 applied nothing here that has a way down" in run(migrated, "--undo", MANIFEST, "--yes").stderr


def test_without_a_terminal_it_asks_for_yes(migrated: Project, database: MemoryDatabase) -> None:
    found = run(migrated, "--undo", MANIFEST)
    assert (found.exit_code, "add --yes" in found.output) == (2, True)
    assert database.ran == []


def test_a_stack_without_a_database_of_the_service_says_what_to_write(project: Project) -> None:
    found = run(project)
    assert (found.exit_code, "names no database of checkout: write releases:databases" in found.output) == (1, True)
