"""What the engine is answered about the migrations of a release."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from slipway.plugin.migrations_resource import MigrationsResource
from slipway.plugin.structs import to_plain, to_struct
from slipway.release.errors import ClusterError
from slipway.rollout.migrations.memory import MemoryDatabase

URN = "urn:pulumi:prod::shop::slipway:index:Migrations::checkout"
KINDS = provider_pb2.DiffResponse
FIRST, SECOND = "CREATE TABLE a (b int);", "ALTER TABLE a ADD COLUMN c int;"


@pytest.fixture(autouse=True)
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, where the plugin runs."""
    folder = tmp_path / "releases" / "checkout"
    folder.mkdir(parents=True)
    (folder / "1.sql").write_text(FIRST)
    (folder / "2.sql").write_text(SECOND)
    monkeypatch.chdir(tmp_path)
    return folder


def wire(version: str = "2", *names: str) -> dict[str, Any]:
    listed = [
        {"id": name, "phase": "expand", "up": f"{name}.sql", "upSha256": hashlib.sha256(text.encode()).hexdigest()}
        for name, text in (("1", FIRST), ("2", SECOND))
        if name in (names or ("1", "2"))
    ]
    return {
        "service": "checkout",
        "version": version,
        "revision": version * 20,
        "folder": "releases/checkout",
        "database": {"kind": "postgresql", "url": {"env": "DATABASE_URL"}, "within": 300},
        "migrations": listed,
    }


def create(database: MemoryDatabase, wanted: dict[str, Any], *, preview: bool = False) -> provider_pb2.CreateResponse:
    resource = MigrationsResource(None, connect=lambda _: database)
    return resource.create(provider_pb2.CreateRequest(urn=URN, properties=to_struct(wanted), preview=preview))


def test_creating_applies_them_in_their_order() -> None:
    database = MemoryDatabase()
    made = create(database, wire())
    assert database.ran == [FIRST, SECOND]
    assert made.id == "checkout"
    assert to_plain(made.properties)["applied"] == ["1", "2"]


def test_the_next_release_applies_what_is_new() -> None:
    database = MemoryDatabase()
    create(database, wire("2", "1"))
    resource = MigrationsResource(None, connect=lambda _: database)
    resource.update(provider_pb2.UpdateRequest(urn=URN, news=to_struct(wire("3"))))
    assert database.ran == [FIRST, SECOND]
    assert {name: entry.version for name, entry in database.entries.items()} == {"1": "2", "2": "3"}


def test_a_preview_asks_no_database() -> None:
    database = MemoryDatabase()
    create(database, wire(), preview=True)
    assert database.faults.calls == []


def test_an_answer_that_was_lost_is_found_by_the_next_run() -> None:
    database = MemoryDatabase()
    database.faults.after("up", ClusterError("the connection was lost"))
    with pytest.raises(ClusterError, match="migration 1 of 2: the connection was lost"):
        create(database, wire())
    create(database, wire())
    assert database.ran == [FIRST, SECOND]


def test_a_script_that_is_not_the_judged_one_is_not_run(scripts: Path) -> None:
    database = MemoryDatabase()
    (scripts / "2.sql").write_text("DROP TABLE a;")
    with pytest.raises(ClusterError, match=r"migration 2 of 2: 2\.sql is not the script that was released"):
        create(database, wire())
    assert database.ran == [FIRST]


def test_removing_it_undoes_nothing() -> None:
    database = MemoryDatabase()
    made = create(database, wire())
    resource = MigrationsResource(None, connect=lambda _: database)
    resource.delete(provider_pb2.DeleteRequest(urn=URN, properties=made.properties, old_inputs=to_struct(wire())))
    assert database.ran == [FIRST, SECOND]


def test_the_diff_is_of_the_inputs() -> None:
    def diff(old: dict[str, Any], new: dict[str, Any]) -> provider_pb2.DiffResponse:
        return MigrationsResource.diff(provider_pb2.DiffRequest(old_inputs=to_struct(old), news=to_struct(new)))

    assert diff(wire(), wire()).changes == KINDS.DIFF_NONE
    assert list(diff(wire("2", "1"), wire("2")).diffs) == ["migrations"]


def test_what_is_wrong_is_said_by_the_field() -> None:
    wanted = wire() | {"database": {"kind": "postgresql", "url": {"env": "not a name"}}}
    request = provider_pb2.CheckRequest(urn=URN, news=to_struct(wanted))
    (failure,) = MigrationsResource(None).check(request).failures
    assert failure.reason.startswith("database.url.env: ")
