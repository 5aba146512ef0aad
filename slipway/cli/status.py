"""`slipway status [SERVICE]`: what the cluster says, without Pulumi."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.options import show, with_json, with_namespace, with_stack

if TYPE_CHECKING:
    from slipway.cli.status_view import Seen
    from slipway.release.records.journal import Serving
    from slipway.rollout.adapters import World
    from slipway.rollout.routers.base import Live


@click.command()
@click.argument("service", required=False)
@with_namespace
@with_stack
@with_json
def status(service: str | None, namespace: str | None, stack: str | None, folder: Path, as_json: bool) -> None:
    """Say what serves, the weights, the rollout in flight with its verdict, and what is quarantined.

    Without SERVICE for all services of the namespace.
    """
    from slipway.cli import status_view
    from slipway.cli.cluster import services_in
    from slipway.cli.target import namespace_of

    where = namespace_of(folder, stack, namespace)
    services = [service] if service is not None else services_in(where)
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda one: look(one, where), services))
    if as_json:
        show({"namespace": where, "services": [status_view.as_json(seen) for seen in found]})
        return
    if not found:
        click.echo(f"no service was released in {where} yet")
    click.echo("\n\n".join(status_view.as_text(seen) for seen in found), nl=bool(found))


def route_changes(world: World, serving: Serving, live: Live | None) -> str:
    """What of the live route's settings is not as the release that serves declares it."""
    from slipway.rollout.routers.changes import describe_changes

    return describe_changes(world.router.settings(serving.route), live.settings) if live is not None else ""


def look(service: str, namespace: str) -> Seen:
    """Read what the cluster says of one service."""
    from slipway.cli.cluster import WATCH, head_of, watched, world_of
    from slipway.cli.status_view import Seen

    world = world_of(service, namespace)
    head = head_of(world, service)
    running = head is not None and head.unfinished
    attempt = head.attempt if head is not None and running else None
    live = world.router.read()
    serving = head.serving if head is not None else None
    return Seen(
        service=service,
        namespace=namespace,
        head=head,
        live=live,
        lease=watched(world.lease, WATCH if running else 0.0),
        intent=world.intents.read() if running else None,
        latest=world.journal.latest(attempt.id) if attempt is not None else None,
        now=world.now(),
        readiness=world.workloads.readiness(serving.backend) if serving is not None else None,
        route_changes=route_changes(world, serving, live) if serving is not None and not running else "",
    )
