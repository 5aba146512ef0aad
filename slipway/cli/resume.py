"""`slipway resume NAME`: a rollout that is paused, or a flag that was killed."""

from __future__ import annotations

from pathlib import Path

import click

from slipway.cli.flag_sets import with_set
from slipway.cli.intent import tell_rollout
from slipway.cli.options import to_a_rollout


@click.command()
@click.option("--rollout", "of_rollout", is_flag=True, help="The rollout of a service that has a flag's name.")
@with_set
@to_a_rollout("Until the rollout has obeyed.")
def resume(  # noqa: PLR0913 - one parameter an option
    *,
    service: str,
    reason: str,
    wait: bool,
    timeout: float,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
    flag_set: str | None,
    of_rollout: bool,
) -> None:
    """Let a paused rollout go on, or lift the kill of a flag (with --reason).

    SERVICE is the name of a service, or the key of a flag that is killed. An exposure begins again, from its first
    step, with the next `pulumi up`.
    """
    from slipway.cli.flag_changes import carry_out, is_killed
    from slipway.cli.target import find_target

    where = find_target(folder, stack, namespace)
    if flag_set is not None or (not of_rollout and is_killed(where, service)):
        if not reason:
            raise click.UsageError("a flag is resumed with --reason: why may it be on again?")
        carry_out(where, service, flag_set, "resume", reason, as_json=as_json)
    else:
        where = find_target(folder, stack, namespace, service)
        tell_rollout(where, service, "resume", reason, wait=wait, timeout=timeout, as_json=as_json)
