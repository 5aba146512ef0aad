"""`slipway release SERVICE MANIFEST`: forward, as short as a rollback is back."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from slipway.cli.entry_command import Wish, perform
from slipway.cli.options import with_json, with_stack


@click.command()
@click.argument("service")
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Show what would be done, and stop.")
@click.option("--no-standby", is_flag=True, help="Keep what serves now no longer than the rollout: a rollback is cold.")
@click.option(
    "--allow-other-changes", is_flag=True, help="Update the whole stack: what else it declares is released too."
)
@click.option("--skip-preview", is_flag=True, help="Without a preview: the gates judge in the update itself.")
@click.option("--reason", default="", help="Why, for the stack's history.")
@with_stack
@with_json
@click.pass_context
def release(  # noqa: PLR0913 - one parameter an option
    ctx: click.Context,
    *,
    service: str,
    manifest: Path,
    yes: bool,
    plan_only: bool,
    no_standby: bool,
    allow_other_changes: bool,
    skip_preview: bool,
    reason: str,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Release MANIFEST as SERVICE: one preview, one question, one update.

    Every problem of the manifest is told at once, and every gate that refuses it. The entry of SERVICE in the stack's
    file then names MANIFEST, and as its standby what serves now, which stays warm. No other entry is touched, and the
    engine plans every other service as it serves. The first release of a stack updates the whole of it.

    Where no traffic was moved for good (refused, aborted, interrupted) the file is put back byte for byte. After a
    success it stays: commit it. If this command is killed, the file says what was begun: `pulumi up` goes on with it,
    `slipway rollback SERVICE` returns to what serves.
    """
    began = time.monotonic()
    from slipway.cli.target import path_in_project
    from slipway.release.project_files import project_file

    project = project_file(folder).parent
    from slipway.cli.forward_plan import is_first_of_stack, plan, read_declared

    declared = read_declared(project, service, path_in_project(project, folder, manifest))
    from slipway.cli.engine import Engine
    from slipway.cli.entry_plan import Stack

    engine = Engine(folder, stack)
    with ThreadPoolExecutor(max_workers=1) as pool:
        history = pool.submit(engine.history)
        found = Stack.read(folder, engine.stack, service, new=True)
        planned = plan(engine, history, found, declared, keeps_standby=not no_standby)
    wish = Wish(
        agreed=yes,
        question=f"Release {declared.release.version} of {service} to {engine.stack}?",
        plan_only=plan_only,
        previews=plan_only or not skip_preview,
        whole_stack=allow_other_changes or is_first_of_stack(history.result()),
        reason=reason,
    )
    perform(ctx, engine, planned, wish, lambda: time.monotonic() - began)
