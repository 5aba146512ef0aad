"""`slipway abort SERVICE`."""

from __future__ import annotations

from pathlib import Path

import click

from slipway.cli.options import show, to_a_rollout


@click.command()
@to_a_rollout("Until the traffic is back.")
def abort(
    *,
    service: str,
    reason: str,
    wait: bool,
    timeout: float,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """End the rollout in flight: the traffic goes back, and its revision is quarantined.

    Where no process runs the rollout any more (its host is lost), this command puts the traffic back itself, by
    what the journal says. That takes no Pulumi and, with --namespace, no checkout; nothing is held against the revision
    then. It waits until the Lease of the rollout has run out.
    """
    from slipway.cli.ending import end_rollout, serving_line
    from slipway.cli.target import find_target
    from slipway.rollout.assemble import connect_adapters
    from slipway.rollout.inspection import head_of

    where = find_target(folder, stack, namespace, service)
    adapters = connect_adapters(service, where)
    ended = end_rollout(adapters, service, reason, timeout, lambda line: click.echo(line, err=True), wait=wait)
    settled = serving_line(head_of(adapters, service)) if ended.outcome is not None else None
    if as_json:
        intent = ended.intent.id if ended.intent is not None else None
        told = {"rollout": ended.attempt.id, "intent": intent, "acknowledged": ended.outcome is not None}
        by = "rollout" if ended.intent is not None else "this command"
        what = {"service": service, "namespace": where.scope, "action": "abort"}
        show({"ok": True, **what, **told, "outcome": ended.outcome, "by": by, "traffic": settled})
    elif ended.intent is None:
        click.echo(f"{service}: the traffic is back, {settled}; next: `pulumi up`, which rolls out what is declared")
    elif settled is None:
        click.echo(f"{service}: told rollout {ended.attempt.id} to abort")
    else:
        click.echo(f"{service}: the rollout aborts, the traffic goes back ({ended.outcome}), {settled}")
