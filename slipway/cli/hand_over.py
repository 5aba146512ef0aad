"""`slipway hand-over SERVICE --to PROJECT/STACK`: let another stack release the service from now on."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import click

from slipway.cli.options import show, with_json, with_namespace, with_stack
from slipway.release.errors import ReleaseRefused
from slipway.rollout.adapters import Adapters

NAME = re.compile(r"[^/\s]+/[^/\s]+")


@click.command(name="hand-over")
@click.argument("service")
@click.option("--to", required=True, metavar="PROJECT/STACK", help="Who releases it from now on.")
@click.option("--reason", required=True, help="Why, for the record.")
@with_namespace
@with_stack
@with_json
def hand_over(
    service: str, to: str, reason: str, namespace: str | None, stack: str | None, folder: Path, as_json: bool
) -> None:
    """Let the stack PROJECT/STACK release SERVICE from its next `pulumi up` on.

    A service has one stack that releases it; another one that declares it is refused. Until the other stack's first
    update nothing changes but that the former stack deletes nothing of the service any more. Handed to the stack that
    releases it now, the offer is withdrawn. Not while a rollout is in flight.
    """
    from slipway.cli.target import find_target
    from slipway.rollout.assemble import connect_adapters
    from slipway.rollout.process.operator import operator

    where = find_target(folder, stack, namespace, service)
    owner, now = offer(connect_adapters(service, where), service, to, f"{operator()}: {reason}")
    if as_json:
        show({"ok": True, "service": service, "namespace": where.scope, "owner": owner, "handedTo": now})
    elif now is None:
        click.echo(f"{service}: stays with {owner}, no other stack may take it over")
    else:
        click.echo(f"{service}: {now} may take it over by its next `pulumi up`; then take it out of {owner}'s program")


def offer(adapters: Adapters, service: str, to: str, by: str) -> tuple[str | None, str | None]:
    """Write the offer, under the service's Lease; returns who releases it and who may. Raises ReleaseRefused when
    there is nothing to hand over or a rollout is unfinished, LeaseHeld while one is in flight."""
    from slipway.release.records.journal import handed_over
    from slipway.rollout.record import load, save_head
    from slipway.rollout.safety.heartbeat import hold_lease
    from slipway.rollout.safety.watchdog import new_rollout_id

    if not NAME.fullmatch(to):
        raise ReleaseRefused(f"--to {to}: name project and stack, such as shop/prod")
    if load(adapters) is None:  # before the Lease is made
        raise ReleaseRefused(f"{service}: nothing was released here, so any stack may begin")
    with hold_lease(adapters, new_rollout_id(), lambda line: click.echo(line, err=True), threading.Event()):
        stored = load(adapters)
        if stored is None:
            raise ReleaseRefused(f"{service}: nothing was released here, so any stack may begin")
        if stored.head.unfinished:
            raise ReleaseRefused(
                f"{service}: a rollout is unfinished; `pulumi up` or `slipway abort {service}` ends it"
            )
        save_head(adapters, stored, handed_over(stored.head, to, by))
        return stored.head.stack, stored.head.handed_to
