"""`slipway recover`: show and clear what a killed update left behind, never under a living one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.options import show, with_json, with_stack
from slipway.release.errors import ReleaseRefused

if TYPE_CHECKING:
    from slipway.cli.engine import Engine
    from slipway.cli.recover_view import Findings


@click.command()
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("-y", "--yes", is_flag=True, help="Clear without asking.")
@with_stack
@with_json
def recover(services: tuple[str, ...], yes: bool, stack: str | None, folder: Path, as_json: bool) -> None:
    """Show the lock, the pending operations, the unfinished rollouts and the Leases of a stack, and clear lock and
    pending operations.

    Without --yes and without a terminal nothing is cleared: what there is is listed. The traffic itself is settled by
    the next `pulumi up`, or by `slipway abort SERVICE`. While the Lease of any service is being renewed, or the
    process that holds the lock still lives on this machine, nothing is cleared. SERVICE limits what is shown.
    """
    from slipway.cli import recover_view
    from slipway.cli.engine import Engine

    engine = Engine(folder, stack)
    found = look(engine, services)
    if not as_json:
        click.echo(recover_view.as_text(found))
    refusal = found.refusal()
    listing = not yes and not sys.stdin.isatty()
    if refusal is not None and not listing:
        raise ReleaseRefused(refusal)
    cleared = not listing and bool(found.to_clear) and _confirm(found, yes=yes)
    if cleared:
        if found.locks:
            engine.cancel()
        if found.pending:
            engine.clear_pending()
    if as_json:
        show({"ok": True, **recover_view.as_json(found), "cleared": cleared})
    elif refusal is not None:
        click.echo(f"nothing can be cleared now: {refusal}")
    else:
        click.echo(recover_view.next_step(found, cleared=cleared))


def _confirm(found: Findings, *, yes: bool) -> bool:
    return yes or click.confirm(f"Clear the {found.to_clear}?", err=True)


def look(engine: Engine, only: tuple[str, ...]) -> Findings:
    """Read the stack and the cluster; the Leases of all services are watched, whatever is shown."""
    from slipway.cli.recover_view import Findings, Found, services_of_stack
    from slipway.release.project_files import config_of, stack_file
    from slipway.rollout.assemble import connect_adapters
    from slipway.rollout.inspection import head_of
    from slipway.rollout.safety.holder import watch_leases

    state, locks = engine.state(), engine.locks()
    path = stack_file(engine.project, engine.stack)
    services = services_of_stack(state, config_of(path) if path.exists() else {}, path)
    worlds = [connect_adapters(service, target) for service, target in services]
    holdings = watch_leases(adapters.lease for adapters in worlds)
    found = [
        Found(service, target.scope, head_of(adapters, service), holding)
        for (service, target), adapters, holding in zip(services, worlds, holdings, strict=True)
    ]
    unknown = sorted(set(only) - {one.service for one in found})
    if unknown:
        known = ", ".join(one.service for one in found) or "none"
        raise ReleaseRefused(f"stack {engine.stack} has no service {', '.join(unknown)}; there are: {known}")
    return Findings(engine.stack, tuple(locks), state.pending, tuple(found), only)
