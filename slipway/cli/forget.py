"""`slipway forget SERVICE`: take away what is left of a service that serves nothing and is in no stack any more."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import click

from slipway.cli.options import show, with_json, with_namespace, with_stack
from slipway.release.errors import ReleaseRefused
from slipway.rollout.adapters import Adapters


@click.command()
@click.argument("service")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@with_namespace
@with_stack
@with_json
def forget(service: str, yes: bool, namespace: str | None, stack: str | None, folder: Path, as_json: bool) -> None:
    """Delete the journal, the route, the operator's word and the Lease of SERVICE, of which nothing serves.

    `pulumi destroy` does that for everything that a stack knows; this is for what no stack knows, such as a first
    release that was killed before the engine had recorded it. Refused while something serves or a rollout is in flight.
    Its quarantined revisions are forgotten too.
    """
    from slipway.cli.target import find_target
    from slipway.rollout.assemble import connect_adapters

    where = find_target(folder, stack, namespace, service)
    adapters = connect_adapters(service, where)
    refuse_in_use(adapters, service)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("cannot ask for confirmation here: add --yes")
        if not click.confirm(f"Forget {service} in {where}?", err=True):
            raise ReleaseRefused(f"{service}: nothing was deleted")
    take_away(adapters)
    if as_json:
        show({"ok": True, "service": service, "namespace": where.scope})
    else:
        click.echo(f"{service}: nothing is left of it in {where}")


def refuse_in_use(adapters: Adapters, service: str) -> None:
    """Raises ReleaseRefused when something serves or has traffic, or a rollout is in flight."""
    from slipway.rollout.inspection import head_of
    from slipway.rollout.safety.holder import watch_lease

    head = head_of(adapters, service)
    if head is not None and head.serving is not None:
        backend = head.serving.backend
        raise ReleaseRefused(f"{service}: {backend.label} serves; `pulumi destroy` removes it")
    holding = watch_lease(adapters.lease)
    if holding.alive:
        raise ReleaseRefused(f"{service}: its Lease is {holding}; wait for it, or `slipway abort {service}`")


def take_away(adapters: Adapters) -> None:
    """Delete all of it, under the service's Lease."""
    from slipway.rollout.removal import remove_all

    remove_all(adapters, lambda line: click.echo(line, err=True), threading.Event())
