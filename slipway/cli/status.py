"""`slipway status [SERVICE]`: what the cluster says, without Pulumi."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from slipway.cli.options import show, with_json, with_namespace, with_stack


@click.command()
@click.argument("service", required=False)
@click.option("--follow", is_flag=True, help="Show it as it changes, until Ctrl-C; one line a change in a pipe.")
@click.option("--every", type=click.FloatRange(min=0.5), default=1.0, show_default=True, help="Seconds, for --follow.")
@with_namespace
@with_stack
@with_json
def status(
    *,
    service: str | None,
    follow: bool,
    every: float,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Say what serves, the weights, the rollout in flight with its verdict, and what is quarantined.

    Without SERVICE for all services of the namespace. With --follow and --json each change is one line of JSON.
    """
    if follow:
        from slipway.cli.chains import find_place
        from slipway.cli.follow import follow as follow_target
        from slipway.cli.looking import overviews_of

        follow_target(overviews_of(find_place(folder, stack, namespace), service), every, as_json=as_json)
        return
    from slipway.cli import status_view
    from slipway.cli.target import find_target, find_targets
    from slipway.rollout.assemble import connect_adapters, services_in
    from slipway.rollout.inspection import inspect

    if service is not None:
        asked = [(service, find_target(folder, stack, namespace, service))]
        targets = [asked[0][1]]
    else:
        targets = find_targets(folder, stack, namespace)
        asked = [(one, where) for where in targets for one in services_in(where)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda one: inspect(connect_adapters(*one), one[0], one[1].scope), asked))
    names = ", ".join(str(where) for where in targets)
    if as_json:
        namespaces = ", ".join(where.scope for where in targets)
        show({"namespace": namespaces, "services": [status_view.as_json(seen) for seen in found]})
        return
    if not found:
        click.echo(f"no service was released in {names} yet")
    click.echo("\n\n".join(status_view.as_text(seen) for seen in found), nl=bool(found))
