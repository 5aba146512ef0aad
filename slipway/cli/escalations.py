"""`slipway escalations`: what was escalated, to whom, and how far that has come."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import click

from slipway.cli.options import JSON, show, with_json, with_namespace, with_stack


@click.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Closed ones as well.")
@with_namespace
@with_stack
@with_json
@click.pass_context
def escalations(
    ctx: click.Context, everything: bool, namespace: str | None, stack: str | None, folder: Path, as_json: bool
) -> None:
    """List the escalations of a stack that are not closed, with each receiver, the tries and what failed last."""
    from slipway.cli import escalations_view
    from slipway.cli.escalations_io import find_outbox

    ctx.obj = partial(find_outbox, folder, stack, namespace)
    if ctx.invoked_subcommand is not None:
        return
    found = ctx.obj()
    entries = [entry for entry in found.entries() if everything or entry.closed is None]
    if as_json:
        show({"outbox": found.name, "escalations": [escalations_view.as_json(entry) for entry in entries]})
        return
    if not entries:
        click.echo(f"nothing is escalated in {found.name}")
    click.echo("\n\n".join(map(escalations_view.as_text, entries)), nl=bool(entries))


@escalations.command()
@click.argument("escalation")
@click.option("--reason", default="", help="Why, for the record and for those who were told.")
@click.pass_context
def close(ctx: click.Context, escalation: str, reason: str) -> None:
    """End an escalation: receivers that know of an end are told, and it is not sent to anybody any more."""
    from slipway.cli.escalations_io import close_and_tell
    from slipway.rollout.process.operator import operator

    left = close_and_tell(ctx.obj(), escalation, operator(), reason, time.time())
    text = f"{escalation} is closed" + (f"; not told yet: {left}" if left else "")
    _emit(ctx, text, {"id": escalation, "closed": True, "notTold": left or None})


@escalations.command()
@click.option("--follow", is_flag=True, help="Go on until nothing is left, instead of trying each once.")
@click.pass_context
def send(ctx: click.Context, follow: bool) -> None:
    """Send what is still to be told, in this process. Exit code 1 while something could not be delivered."""
    from slipway.cli.escalations_io import send_all

    left = send_all(ctx.obj(), lambda line: click.echo(line, err=True), follow=follow)
    _emit(ctx, "; ".join(left) if left else "nothing is left to tell", {"left": left})
    ctx.exit(1 if left else 0)


@escalations.command()
@click.argument("owner")
@click.option("--severity", type=click.Choice(["page", "ticket"]), default="page", show_default=True)
@click.pass_context
def test(ctx: click.Context, owner: str, severity: str) -> None:
    """Send a test to the receivers of OWNER, and end it at once. Exit code 1 when one of them did not take it."""
    from slipway.cli.escalations_io import send_test
    from slipway.rollout.process.operator import operator

    lines, passed = send_test(ctx.obj(), owner, severity, operator(), time.time())
    _emit(ctx, "\n".join(lines), {"owner": owner, "passed": passed, "receivers": lines})
    ctx.exit(0 if passed else 1)


def _emit(ctx: click.Context, text: str, values: dict[str, Any]) -> None:
    if ctx.meta.get(JSON):
        show(values)
    else:
        click.echo(text)
