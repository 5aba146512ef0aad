"""`slipway flags`: what is on for whom, without Pulumi."""

from __future__ import annotations

from pathlib import Path

import click

from slipway.cli.flag_sets import with_set
from slipway.cli.options import show, with_json, with_namespace, with_stack


@click.command()
@click.option("--history", is_flag=True, help="The records of who changed what, when and why, oldest first.")
@with_set
@with_namespace
@with_stack
@with_json
def flags(
    *,
    history: bool,
    flag_set: str | None,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Say of each flag who gets what, since when and by whom, its owner and expiry, and why it was killed."""
    from slipway.cli import flags_view
    from slipway.cli.flag_sets import sets_in
    from slipway.cli.target import find_target

    where = find_target(folder, stack, namespace)
    found = sets_in(where, flag_set)
    if as_json:
        sets = [flags_view.as_json(one, history=history) for one in found]
        show({"namespace": where.scope, "sets": sets})
        return
    if not found:
        click.echo(f"no `pulumi up` has declared flags in {where} yet")
    click.echo(
        "\n\n".join((flags_view.as_history if history else flags_view.as_text)(one) for one in found), nl=bool(found)
    )
