"""`slipway migrations SERVICE`: what its database has, and the way down of a release that does not serve."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipway.cli.options import show, with_json, with_stack

if TYPE_CHECKING:
    from slipway.rollout.migrations.base import Applied


@click.command()
@click.argument("service")
@click.option("--undo", "manifest", help="Undo the migrations of the release in this manifest, the last one first.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@with_stack
@with_json
def migrations(
    *, service: str, manifest: str | None, yes: bool, stack: str | None, folder: Path, as_json: bool
) -> None:
    """List the migrations of SERVICE that its database (releases:databases) has, in the order in which they were
    applied.

    With --undo those of one release are undone: of one that was aborted and is given up, or that a rollback left while
    its pods still ran. Refused while anything of it runs, and while it or a release after it serves.
    """
    from slipway.cli.target import configuration
    from slipway.release.errors import EngineError
    from slipway.release.migrations.databases import KEY, database_of
    from slipway.rollout.migrations.postgresql import PostgreSql

    config, path = configuration(folder, stack)
    setting = database_of(config, service, path)
    if setting is None:
        raise EngineError(f"{path.name} names no database of {service}: write {KEY}")
    database = PostgreSql(service, setting)
    done: tuple[str, ...] = ()
    if manifest is not None:
        from slipway.cli.migrations_undo import undo

        done = undo(service, manifest, folder, stack, database, lambda ids: _agree(service, ids, yes=yes))
    found = database.applied()
    if as_json:
        show({"ok": True, "undone": list(done), "migrations": [_values(entry) for entry in found.values()]})
        return
    if done:
        click.echo(f"{service}: migration {', '.join(done)} undone")
    for entry in found.values():
        click.echo(f"{entry.id:20} {entry.state:8} by {entry.version} ({entry.revision})")
    if not found:
        click.echo(f"{service}: its database has no migration of ours")


def _agree(service: str, ids: str, *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("cannot ask for confirmation here: add --yes")
    return click.confirm(f"{service}: undo migration {ids}?", err=True)


def _values(entry: Applied) -> dict[str, Any]:
    return {"id": entry.id, "state": entry.state, "version": entry.version, "revision": entry.revision}
