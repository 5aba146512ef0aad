"""One PostgreSQL for the tests, and a service of its own for each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sandbox.paths import cache_dir
from sandbox.progress import reporter
from sandbox.toolchain.postgresql import find_postgresql
from sandbox.toolchain.store import Store
from slipway.release.escalation.receivers import Secret
from slipway.release.migrations.databases import Database
from slipway.rollout.migrations.postgresql import PostgreSql
from tests.integration.migrations.own_postgresql import OwnPostgreSql

VARIABLE = "CHECKOUT_DATABASE_URL"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnPostgreSql]:
    """The path of a socket has at most 107 characters."""
    programs = find_postgresql(Store(cache_dir() / "tools"), reporter())
    with pytest.MonkeyPatch.context() as patch, OwnPostgreSql(programs, tmp_path_factory.mktemp("pg")) as it:
        patch.setenv("PATH", f"{programs.folder}:{os.environ['PATH']}")
        for name, value in programs.environment.items():
            patch.setenv(name, value)
        yield it


@pytest.fixture
def setting(server: OwnPostgreSql, monkeypatch: pytest.MonkeyPatch) -> Database:
    """By the address in a variable, as a stack names it."""
    monkeypatch.setenv(VARIABLE, server.url)
    return Database(kind="postgresql", url=Secret(env=VARIABLE), within=60.0)


@pytest.fixture
def database(server: OwnPostgreSql, setting: Database, request: pytest.FixtureRequest) -> PostgreSql:
    """The ledger of a service of the test's name, and a schema of that name."""
    server.ask("DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop")
    return PostgreSql(request.node.name, setting)
