"""`slipway dashboard`: the live page."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from slipway.cli.options import show, with_folder, with_json

PORT = 8714


@click.command()
@click.option("-s", "--stack", "stacks", multiple=True, help="A stack of the project; all when left out. Repeatable.")
@click.option("-n", "--namespace", "namespaces", multiple=True, help="A namespace, without any project. Repeatable.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes a free one.")
@click.option(
    "--every", type=click.FloatRange(min=1), default=2.0, show_default=True, help="Seconds between two looks."
)
@click.option("--allow-actions", is_flag=True, help="Let the page pause, promote and abort rollouts, and kill flags.")
@with_folder
@with_json
def dashboard(
    *,
    stacks: tuple[str, ...],
    namespaces: tuple[str, ...],
    port: int,
    every: float,
    allow_actions: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Show on one local page what is going on: rollouts in flight with weights, evidence and time left, services,
    flags and past releases with their reports.

    The page is for this machine alone (127.0.0.1) and only reads, unless --allow-actions is given: then the address
    that is printed has a token, and each order is the same as the command of its name. Ctrl-C ends it. --json prints
    the address as JSON.
    """
    from slipway.cli.looking import look_at
    from slipway.cli.ordering import performer
    from slipway.dashboard.acting import Acting
    from slipway.dashboard.hub import Hub
    from slipway.dashboard.server import Server
    from slipway.release.errors import EngineError

    overviews = look_at(folder, stacks, namespaces)
    acting = None
    if allow_actions:
        acting = Acting(secrets.token_urlsafe(24), performer([one.view.target for one in overviews]))
    hub = Hub(overviews, every=every)
    try:
        server = Server(hub, port, acting)
    except OSError as error:
        raise EngineError(f"port {port} cannot be used: {error.strerror}; name another one with --port") from None
    hub.start()
    address = server.address if acting is None else f"{server.address}#token={acting.token}"
    names = [one.view.name for one in overviews]
    if as_json:
        show({"url": address, "targets": names})
    else:
        click.echo(f"{', '.join(names)}: {address} (Ctrl-C ends it)")
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        click.echo("ended", err=True)
    finally:
        hub.close()
        server.server_close()
