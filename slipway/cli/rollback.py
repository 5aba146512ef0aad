"""`slipway rollback SERVICE`: back to the previous good release, by restoring its entry and running an update."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.entry_command import Wish, ask, perform
from slipway.cli.options import with_json, with_stack
from slipway.release.errors import ReleaseRefused

if TYPE_CHECKING:
    from slipway.cli.engine import Engine
    from slipway.cli.engine_records import StackUpdate
    from slipway.cli.entry_plan import Plan


@click.command()
@click.argument("service")
@click.option("--to", help="A version or revision that completed here, instead of the previous good one.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Show what would be done, and stop.")
@click.option(
    "--allow-other-changes", is_flag=True, help="Update the whole stack: what else it declares is released too."
)
@click.option("--skip-preview", is_flag=True, help="Ask without a preview, which saves a run of the engine.")
@click.option(
    "--compensated",
    multiple=True,
    metavar="ID",
    help="A migration without a way down, whose declared compensation was carried out.",
)
@click.option("--keep-schema", is_flag=True, help="Undo no migration, and keep the release that is left warm.")
@click.option("--reason", default="", help="Why, for the stack's history.")
@with_stack
@with_json
@click.pass_context
def rollback(  # noqa: PLR0913 - one parameter an option
    ctx: click.Context,
    *,
    service: str,
    to: str | None,
    yes: bool,
    plan_only: bool,
    allow_other_changes: bool,
    skip_preview: bool,
    compensated: tuple[str, ...],
    keep_schema: bool,
    reason: str,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Return SERVICE to its previous good release.

    That is the nearest release before the one that serves which completed here and is not quarantined; what an
    earlier rollback left is not in the line any more, so that rolling back twice goes back two releases. The entry
    of SERVICE in the stack's configuration is restored whole, no other is touched, and the release that is left
    stays warm as its standby. A service whose declared release was aborted returns to what serves: its configuration
    changes, its traffic does not.

    The engine plans every other service as it serves and touches nothing of it, so that a release of another service
    that is refused, or was not released yet, does not stand in the way. A rollout of SERVICE that is in flight is
    aborted first.

    The migrations of what is left are undone in the stack's releases:databases, the last one first, after the traffic
    is back and nothing of what is left runs any more; then nothing stays warm. One without a way down refuses the
    rollback and says its compensation, until --compensated names it.

    With --yes the update runs at once; what it changes is previewed where it is read first (--plan, or a
    question on a terminal) and with --allow-other-changes.
    """
    began = time.monotonic()
    from slipway.cli.engine import Engine

    engine = Engine(folder, stack)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # Read while the rest is imported and the cluster is asked; again where an update was ended after that.
        history = pool.submit(engine.history)
        ended = _end_in_flight(service, folder, stack, engine, reason, yes=yes, plan_only=plan_only)
        history = pool.submit(engine.history) if ended else history
        planned = _plan(service, folder, engine, history, to, compensated, keep_schema=keep_schema)
    agreed = yes or ended
    wish = Wish(
        agreed=agreed,
        question=f"Roll {planned.service} back?",
        plan_only=plan_only,
        previews=not skip_preview and (plan_only or allow_other_changes or not agreed),
        whole_stack=allow_other_changes,
        reason=reason,
    )
    perform(ctx, engine, planned, wish, lambda: time.monotonic() - began)


def _plan(
    service: str,
    folder: Path,
    engine: Engine,
    history: Future[list[StackUpdate]],
    to: str | None,
    compensated: tuple[str, ...],
    *,
    keep_schema: bool,
) -> Plan:
    from slipway.cli.entry_plan import Stack
    from slipway.cli.rollback_plan import plan
    from slipway.cli.rollback_schema import Answers

    answers = Answers(compensated, keep_schema)
    return plan(service, engine, history, Stack.read(folder, engine.stack, service), to, answers)


def _end_in_flight(
    service: str, folder: Path, stack: str | None, engine: Engine, reason: str, *, yes: bool, plan_only: bool
) -> bool:
    """Abort the rollout in flight, if there is one, when the operator agrees; returns whether there was one."""
    from slipway.cli.rollback_in_flight import attempt_in_flight, end_in_flight
    from slipway.cli.target import find_target
    from slipway.rollout.assemble import connect_adapters

    adapters = connect_adapters(service, find_target(folder, stack, None, service))
    attempt = attempt_in_flight(adapters, service)
    if attempt is None:
        return False
    what = f"a rollout to {attempt.candidate.label} is in flight"
    if plan_only:
        raise ReleaseRefused(
            f"{service}: {what}; the rollback aborts it first, and where it goes is planned after that"
        )
    if not yes:
        ask(f"{service}: {what}. Abort it and roll back?", f"{service}: not rolled back, and nothing was written")
    end_in_flight(adapters, service, engine, reason, lambda line: click.echo(line, err=True))
    return True
