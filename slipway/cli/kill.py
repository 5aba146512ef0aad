"""`slipway kill FLAG`."""

from __future__ import annotations

from pathlib import Path

import click

from slipway.cli.flag_sets import to_a_flag


@click.command()
@to_a_flag
def kill(
    *,
    flag: str,
    reason: str,
    flag_set: str | None,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Turn a flag off for all users, whatever is declared, until it is resumed.

    It takes no Pulumi and, with --namespace, no checkout. Every later `pulumi up` keeps the flag off. A command that
    was interrupted is run again: a second kill is none.
    """
    from slipway.cli.flag_changes import carry_out
    from slipway.cli.target import find_target

    carry_out(find_target(folder, stack, namespace), flag, flag_set, "kill", reason, as_json=as_json)
