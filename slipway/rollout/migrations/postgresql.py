"""PostgreSQL by way of `psql`, which those who have migrations have installed.

The ledger is the table `slipway.migrations` of the same database, so that script and entry are one transaction where
PostgreSQL lets them be. One that has to run outside of a transaction is entered as `running` first.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit

from slipway.release.errors import ClusterError
from slipway.release.migrations.databases import Database
from slipway.rollout.escalation.secrets import SecretMissing, value_of
from slipway.rollout.migrations.base import Applied, Step
from slipway.rollout.process.environment import stripped

LOCK_WITHIN = 30
"""Seconds to wait for another run in the same service's ledger."""
LOOK = 0.1
MOST = 1 << 20
"""Bytes of what psql says that are read."""
ENDS_WITHIN = 10.0
"""Seconds that a script has to end once it was told to."""
VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "application_name": "PGAPPNAME",
    "host": "PGHOST",
}
"""Parameters of the address, and the variables by which psql takes them: nothing of it is in a command line."""

LEDGER = """
CREATE SCHEMA IF NOT EXISTS slipway;
CREATE TABLE IF NOT EXISTS slipway.migrations (
    number bigint GENERATED ALWAYS AS IDENTITY,
    service text NOT NULL,
    id text NOT NULL,
    state text NOT NULL,
    version text NOT NULL,
    revision text NOT NULL,
    up_sha256 text NOT NULL,
    down_sha256 text,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (service, id)
);
"""
FIELDS = ("id", "state", "version", "revision", "up_sha256", "down_sha256")


class PostgreSql:
    """See slipway.rollout.migrations.base.MigratedDatabase."""

    def __init__(self, service: str, database: Database) -> None:
        self.service = service
        self._database = database

    def applied(self) -> Mapping[str, Applied]:
        """The ledger; empty where there is none yet."""
        if not self._has_ledger():
            return {}
        columns = ", ".join(FIELDS)
        rows = self._ask(
            f"SELECT coalesce(json_agg(row_to_json(found)), '[]') FROM (SELECT {columns} FROM slipway.migrations "  # noqa: S608
            f"WHERE service = {literal(self.service)} ORDER BY number) AS found;"
        )
        return {row["id"]: Applied(**row) for row in json.loads(rows)}

    def up(self, step: Step, cancelled: threading.Event) -> None:
        """Run the script and enter it."""
        at = self._row(step)
        self._run(
            step,
            [f"EXISTS (SELECT FROM slipway.migrations WHERE {at})", self._entered(step, "running")],
            self._entered(step, "applied")
            if step.whole
            else f"UPDATE slipway.migrations SET state='applied' WHERE {at};",  # noqa: S608
            cancelled,
        )

    def down(self, step: Step, cancelled: threading.Event) -> None:
        """Run the script and take its entry away."""
        at = self._row(step)
        self._run(
            step,
            [
                f"NOT EXISTS (SELECT FROM slipway.migrations WHERE {at} AND state = 'applied')",
                f"UPDATE slipway.migrations SET state='undoing' WHERE {at};",  # noqa: S608
            ],
            f"DELETE FROM slipway.migrations WHERE {at};",  # noqa: S608
            cancelled,
        )

    def _has_ledger(self) -> bool:
        return self._ask("SELECT to_regclass('slipway.migrations') IS NOT NULL;") == "t"

    def _make_ledger(self) -> None:
        """Several services may share a database, and begin at the same time."""
        lock = "SELECT pg_advisory_xact_lock(hashtextextended('slipway ledger', 0));"
        self._psql(["--single-transaction", f"--command={lock}", f"--command={LEDGER}"], threading.Event())

    def _run(self, step: Step, before: Sequence[str], after: str, cancelled: threading.Event) -> None:
        if not self._has_ledger():
            self._make_ledger()
        other, mark = before
        lock = "pg_advisory_xact_lock" if step.whole else "pg_advisory_lock"
        prelude = (
            f"SET lock_timeout = '{LOCK_WITHIN}s';\n"
            f"SELECT {lock}(hashtextextended({literal(f'slipway {self.service}')}, 0));\n"
            "RESET lock_timeout;\n"
            f"DO $slipway$ BEGIN IF {other} THEN RAISE EXCEPTION 'another run has begun it'; END IF; END $slipway$;\n"
            f"{'' if step.whole else mark}\n"
        )
        with tempfile.TemporaryDirectory(prefix="slipway-sql-") as folder:
            files = {"before.sql": prelude, "script.sql": step.script, "after.sql": f"RESET ROLE;\n{after}\n"}
            for name, text in files.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            one = ["--single-transaction"] if step.whole else []
            self._psql([*one, *(f"--file={Path(folder) / name}" for name in files)], cancelled)

    def _ask(self, query: str) -> str:
        return self._psql([f"--command={query}"], threading.Event()).strip()

    def _psql(self, arguments: Sequence[str], cancelled: threading.Event) -> str:
        argv = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--no-password"]
        argv += ["--set=ON_ERROR_STOP=1", *arguments]
        environment = stripped(dict(os.environ), ("LD_LIBRARY_PATH",)) | variables(self._database)
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):  # a script may say more than a pipe holds
            try:
                process = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    env=environment,
                    start_new_session=True,  # Ctrl-C reaches it by `cancelled` alone
                )
            except FileNotFoundError:
                raise ClusterError("there is no psql here: install the client of PostgreSQL") from None
            stopped = _await(process, self._database.within, cancelled)
            if process.returncode != 0:
                raise ClusterError(stopped or said(_text(err)))
            return _text(out)

    def _row(self, step: Step) -> str:
        return f"service = {literal(self.service)} AND id = {literal(step.entry.id)}"

    def _entered(self, step: Step, state: str) -> str:
        entry = step.entry
        values = (self.service, entry.id, state, entry.version, entry.revision, entry.up_sha256, entry.down_sha256)
        listed = ", ".join("NULL" if value is None else literal(value) for value in values)
        return f"INSERT INTO slipway.migrations (service, {', '.join(FIELDS)}) VALUES ({listed});"  # noqa: S608


def variables(database: Database) -> dict[str, str]:
    """The address as psql's variables. Raises ClusterError that shows nothing of it."""
    where = f"the database's address in {database.url}"
    try:
        parts = urlsplit(value_of(database.url))
        port = parts.port
        given = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except SecretMissing as error:
        raise ClusterError(str(error)) from None
    except ValueError:
        raise ClusterError(f"{where} cannot be read: write postgresql://user:password@host:port/name") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise ClusterError(f"{where} does not begin with postgresql://")
    if unknown := sorted(given.keys() - VARIABLES.keys()):
        raise ClusterError(f"{where} has parameters that are not known: {', '.join(unknown)}")
    named = {
        "PGHOST": parts.hostname,
        "PGPORT": None if port is None else str(port),
        "PGUSER": None if parts.username is None else unquote(parts.username),
        "PGPASSWORD": None if parts.password is None else unquote(parts.password),
        "PGDATABASE": unquote(parts.path.removeprefix("/")) or None,
        **{VARIABLES[name]: value for name, value in given.items()},
    }
    return {"PGCONNECT_TIMEOUT": "10"} | {name: value for name, value in named.items() if value is not None}


def literal(text: str) -> str:
    """A constant of SQL."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def said(err: str) -> str:
    """What went wrong, in one line: that of the script where the script has it."""
    lines = [line for line in err.splitlines() if "ERROR:" in line or "FATAL:" in line] or err.splitlines()
    first = lines[0] if lines else "psql failed and said nothing"
    _, in_script, place = first.partition("/script.sql:")
    _, ours, message = first.partition("ERROR:")
    return " ".join((f"line {place}" if in_script else message if ours else first).split())


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(MOST).decode("utf-8", "replace")


def _await(process: subprocess.Popen[bytes], within: float, cancelled: threading.Event) -> str | None:
    """Until it has ended; why it was told to, None when it was not."""
    ends = time.monotonic() + within
    why = None
    while process.poll() is None:
        late = time.monotonic() >= ends
        if why is None and (late or cancelled.is_set()):
            why = f"it took longer than {within:g}s and was cancelled" if late else "it was interrupted"
            process.send_signal(signal.SIGINT)  # psql cancels the statement at the server
            ends = time.monotonic() + ENDS_WITHIN
        elif why is not None and late:
            process.kill()
        if why is None:
            cancelled.wait(LOOK)
        else:
            time.sleep(LOOK)
    return why
