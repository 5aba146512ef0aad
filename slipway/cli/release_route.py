"""`slipway release-route SERVICE`: give back a route that was taken over from what ran before."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from slipway.cli.options import show, with_json, with_namespace, with_stack
from slipway.release.errors import ReleaseRefused
from slipway.rollout.adapters import Adapters


@click.command(name="release-route")
@click.argument("service")
@with_namespace
@with_stack
@with_json
def release_route(service: str, namespace: str | None, stack: str | None, folder: Path, as_json: bool) -> None:
    """Make the route of SERVICE what it was before Slipway took it over, and forget the service.

    The workload from before must have all the traffic: `slipway rollback` brings it there. The route is written once,
    as it was, and never deleted. Take the service out of the stack's program and configuration afterwards; the next
    `pulumi up` with it would take the route over again.
    """
    from slipway.cli.target import find_target
    from slipway.rollout.assemble import connect_adapters

    where = find_target(folder, stack, namespace, service)
    former = give_back(connect_adapters(service, where), service)
    if as_json:
        show({"ok": True, "service": service, "namespace": where.scope, "backend": former})
    else:
        click.echo(f"{service}: the route is as it was, and {former} has the traffic of the service")


def give_back(adapters: Adapters, service: str) -> str:
    """Under the service's Lease; returns the Service that has the traffic. Raises ReleaseRefused for a route that was
    not taken over, a rollout that is unfinished, or while another version has traffic; LeaseHeld while one is in
    flight."""
    from slipway.rollout.inspection import head_of
    from slipway.rollout.removal import remove_all

    live = adapters.router.read()
    if live is None or not live.managed or not live.former:
        raise ReleaseRefused(f"{service}: no route of it was taken over, so there is none to give back")
    head = head_of(adapters, service)
    if head is not None and head.unfinished:
        raise ReleaseRefused(f"{service}: a rollout is unfinished; `pulumi up` or `slipway abort {service}` ends it")
    remove_all(adapters, lambda line: click.echo(line, err=True), threading.Event())
    return live.former
