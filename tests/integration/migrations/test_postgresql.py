"""Migrations on a real PostgreSQL: each once, whole or not at all, and what cannot be said is said."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.release.errors import ClusterError
from slipway.release.escalation.receivers import Secret
from slipway.release.evidence.migration_files import Script
from slipway.release.manifest.migrations import Migration
from slipway.release.migrations.databases import Database
from slipway.release.migrations.inputs import DeclaredMigration, MigrationsInputs
from slipway.release.migrations.undoing import Undo
from slipway.rollout.migrations import run
from slipway.rollout.migrations.postgresql import PostgreSql
from tests.integration.migrations.conftest import VARIABLE
from tests.integration.migrations.own_postgresql import OwnPostgreSql
from tests.integration.rollout.stage import eventually

TABLE = "CREATE TABLE shop.orders (id int PRIMARY KEY);"
COLUMN = "ALTER TABLE shop.orders ADD COLUMN coupon text;"
NEVER = threading.Event()


def script(text: str) -> Script:
    return Script("a.sql", text, hashlib.sha256(text.encode()).hexdigest())


def release(setting: Database, scripts: Mapping[str, tuple[str, str | None]], version: str = "2") -> MigrationsInputs:
    """A release with these migrations: id -> way up and way down."""
    return MigrationsInputs(
        service="checkout",
        version=version,
        revision=version * 20,
        folder=".",
        database=setting,
        migrations=tuple(
            DeclaredMigration(
                id=name,
                phase="expand",
                up="a.sql",
                up_sha256=script(up).sha256,
                down="a.sql",
                down_sha256=None if down is None else script(down).sha256,
            )
            for name, (up, down) in scripts.items()
        ),
    )


def apply(
    database: PostgreSql,
    setting: Database,
    scripts: Mapping[str, tuple[str, str | None]],
    cancelled: threading.Event = NEVER,
) -> tuple[str, ...]:
    ups = {name: script(up) for name, (up, _) in scripts.items()}
    return run.apply(release(setting, scripts), ups, database, lambda _: None, cancelled)


def undo(database: PostgreSql, downs: Mapping[str, str]) -> tuple[str, ...]:
    wanted = [
        Undo("2", "2" * 20, Migration(id=name, up="a.sql", down="a.sql", phase="expand"), script(text))
        for name, text in downs.items()
    ]
    return run.undo("checkout", wanted, database, lambda _: None, NEVER)


def columns(server: OwnPostgreSql) -> list[str]:
    return server.ask(
        "SELECT column_name FROM information_schema.columns WHERE table_schema='shop' ORDER BY column_name"
    ).splitlines()


TWO: dict[str, tuple[str, str | None]] = {
    "0001": (TABLE, "DROP TABLE shop.orders;"),
    "0002": (COLUMN, "ALTER TABLE shop.orders DROP COLUMN coupon;"),
}


def test_ups_run_in_their_order_and_once_and_downs_in_the_opposite_one(
    server: OwnPostgreSql, database: PostgreSql, setting: Database
) -> None:
    assert apply(database, setting, TWO) == ("0001", "0002")
    assert columns(server) == ["coupon", "id"]
    assert apply(database, setting, TWO) == ()
    assert [(entry.id, entry.state, entry.version) for entry in database.applied().values()] == [
        ("0001", "applied", "2"),
        ("0002", "applied", "2"),
    ]
    downs = {name: down for name, (_, down) in reversed(TWO.items()) if down is not None}
    assert undo(database, downs) == ("0002", "0001")
    assert columns(server) == []
    assert database.applied() == {}
    assert apply(database, setting, TWO) == ("0001", "0002")


def test_a_script_that_fails_leaves_nothing_and_names_its_line(
    server: OwnPostgreSql, database: PostgreSql, setting: Database
) -> None:
    broken = f"{TABLE}\nALTER TABLE shop.nothing ADD COLUMN a int;"
    with pytest.raises(ClusterError) as error:
        apply(database, setting, {"0001": (broken, None)})
    assert str(error.value) == ('checkout: migration 0001 of 2: line 2: ERROR: relation "shop.nothing" does not exist')
    assert columns(server) == []
    assert database.applied() == {}


def test_those_before_one_that_fails_stay_and_the_next_run_goes_on(
    server: OwnPostgreSql, database: PostgreSql, setting: Database
) -> None:
    with pytest.raises(ClusterError, match="0002"):
        apply(database, setting, TWO | {"0002": ("ALTER TABLE shop.nothing ADD COLUMN a int;", None)})
    assert apply(database, setting, TWO) == ("0002",)


def test_what_postgresql_runs_outside_of_a_transaction_is_run_so(
    server: OwnPostgreSql, database: PostgreSql, setting: Database
) -> None:
    index = "CREATE INDEX CONCURRENTLY by_id ON shop.orders (id);"
    apply(database, setting, {"0001": (TABLE, None), "0002": (index, "DROP INDEX CONCURRENTLY shop.by_id;")})
    assert server.ask("SELECT indexname FROM pg_indexes WHERE indexname='by_id'") == "by_id"
    undo(database, {"0002": "DROP INDEX CONCURRENTLY shop.by_id;"})
    assert server.ask("SELECT indexname FROM pg_indexes WHERE indexname='by_id'") == ""


def test_a_script_with_transactions_of_its_own_is_entered(
    server: OwnPostgreSql, database: PostgreSql, setting: Database
) -> None:
    assert apply(database, setting, {"0001": (f"BEGIN;\n{TABLE}\nCOMMIT;", None)}) == ("0001",)
    assert [entry.state for entry in database.applied().values()] == ["applied"]


def test_what_failed_outside_of_a_transaction_is_in_doubt_until_it_was_looked_at(
    server: OwnPostgreSql, database: PostgreSql, setting: Database
) -> None:
    half = {"0001": (f"BEGIN;\n{TABLE}\nCOMMIT;\nALTER TABLE shop.nothing ADD COLUMN a int;", None)}
    with pytest.raises(ClusterError, match="does not exist"):
        apply(database, setting, half)
    with pytest.raises(ClusterError, match="0001 of 2: its script was running outside of a transaction"):
        apply(database, setting, half)
    server.ask("UPDATE slipway.migrations SET state='applied' WHERE state='running'")
    assert apply(database, setting, half) == ()


def test_a_script_that_was_applied_in_other_words_is_refused(database: PostgreSql, setting: Database) -> None:
    apply(database, setting, {"0001": (TABLE, None)})
    with pytest.raises(ClusterError, match="2 applied it from another script; give the changed one a new id"):
        apply(database, setting, {"0001": (f"{TABLE} -- changed", None)})


def test_a_way_down_that_was_changed_since_is_not_run(
    server: OwnPostgreSql, database: PostgreSql, setting: Database
) -> None:
    apply(database, setting, {"0001": TWO["0001"]})
    with pytest.raises(ClusterError, match=r"a\.sql is not the script that was released"):
        undo(database, {"0001": "DROP SCHEMA shop CASCADE;"})
    assert columns(server) == ["id"]


def test_of_two_runs_at_once_one_applies(server: OwnPostgreSql, database: PostgreSql, setting: Database) -> None:
    slow: dict[str, tuple[str, str | None]] = {"0001": (f"{TABLE}\nSELECT pg_sleep(0.5);", None)}

    def one(_: int) -> str:
        try:
            return str(apply(database, setting, slow))
        except ClusterError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(one, range(4)))
    assert told.count("('0001',)") == 1, told
    assert set(told) <= {"('0001',)", "()", "checkout: migration 0001 of 2: another run has begun it"}


def test_ctrl_c_ends_the_statement_at_the_server(
    server: OwnPostgreSql, database: PostgreSql, setting: Database
) -> None:
    cancelled = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(apply, database, setting, {"0001": ("SELECT pg_sleep(600);", None)}, cancelled)
        eventually(lambda: _sleeping(server), lambda count: count == "1")
        cancelled.set()
        with pytest.raises(ClusterError, match="it was interrupted"):
            running.result()
    eventually(lambda: _sleeping(server), lambda count: count == "0")
    assert database.applied() == {}


def test_a_script_that_takes_too_long_is_cancelled(server: OwnPostgreSql, database: PostgreSql) -> None:
    short = Database(kind="postgresql", url=Secret(env=VARIABLE), within=1.0)
    hasty = PostgreSql(database.service, short)
    with pytest.raises(ClusterError, match="it took longer than 1s and was cancelled"):
        apply(hasty, short, {"0001": ("SELECT pg_sleep(600);", None)})
    eventually(lambda: _sleeping(server), lambda count: count == "0")


KILLED = """
import sys, threading
from pathlib import Path
from tests.integration.migrations import test_postgresql as it
setting = it.Database.model_validate_json(sys.argv[1])
it.apply(it.PostgreSql(sys.argv[2], setting), setting, {"0001": (it.TABLE + "SELECT pg_sleep(1);", None)})
"""


def test_a_run_whose_process_was_killed_is_found_as_it_ended(
    server: OwnPostgreSql, database: PostgreSql, setting: Database
) -> None:
    argv = [sys.executable, "-c", KILLED, setting.model_dump_json(by_alias=True), database.service]
    process = subprocess.Popen(argv, cwd=Path(__file__).parents[3])
    eventually(lambda: _sleeping(server), lambda count: count == "1")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    eventually(lambda: _sleeping(server), lambda count: count == "0")
    slow: dict[str, tuple[str, str | None]] = {"0001": (f"{TABLE}SELECT pg_sleep(1);", None)}
    assert apply(database, setting, slow) in ((), ("0001",))
    assert columns(server) == ["id"]


def test_a_database_that_cannot_be_reached_is_one_line_without_its_password(
    database: PostgreSql, setting: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://me:secret-word@127.0.0.1:1/shop")
    with pytest.raises(ClusterError, match="Connection refused") as error:
        database.applied()
    assert "secret-word" not in str(error.value)
    assert "\n" not in str(error.value)


def _sleeping(server: OwnPostgreSql) -> str:
    return server.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event='PgSleep' AND state='active'")
