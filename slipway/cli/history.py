"""`slipway history [SERVICE]`: releases with their outcomes, and DORA's measures."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import click

from slipway.cli.options import show, with_json, with_namespace, with_stack
from slipway.cli.times import Moment


@click.command()
@click.argument("service", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Releases of each service.")
@click.option("--dora", "measured", is_flag=True, help="DORA's five measures instead of the list.")
@click.option("--since", type=Moment(), default=None, help="For --dora, such as 2026-11-01 or 30d; 90d when left out.")
@with_namespace
@with_stack
@with_json
def history(
    *,
    service: str | None,
    limit: int,
    measured: bool,
    since: datetime | None,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """List the releases of SERVICE, or of all services: outcome, who, when and how long; with them drills, refusals by
    the gates and, for all services, changes of flags.

    From the release records; what they do not have is filled in from the stack's history, and says so.
    """
    from slipway.cli import history_view
    from slipway.cli.anchored import damage_lines, damages
    from slipway.cli.chains import find_place
    from slipway.cli.past import Past, read_past
    from slipway.release.records.chain import lines_of
    from slipway.release.records.dora import DAY, dora
    from slipway.release.records.kinds import flag_chain
    from slipway.release.records.rows import flag_rows, rows_of
    from slipway.release.report.build import DORA_DAYS

    place, now = find_place(folder, stack, namespace), time.time()
    chains = place.chains(service)
    if measured:
        start = since.timestamp() if since is not None else now - DORA_DAYS * DAY
        found = {chain.service: dora(chain.records, start, now, chain.lines) for chain in chains}
        if as_json:
            show({name: one.model_dump(mode="json", by_alias=True) for name, one in found.items()})
        else:
            click.echo(history_view.measures(found))
        return
    past = Past(None, why="--namespace names no stack") if place.stack is None else read_past(folder, place.stack)
    rows = {
        chain.service: rows_of(chain.records, [one.of(chain.service) for one in past.updates or ()], chain.lines)[
            :limit
        ]
        for chain in chains
    }
    sets = place.flag_sets() if service is None else []
    flags = {found.name: flag_rows(lines_of(found.texts))[:limit] for found in sets}
    texts = [*((one.service, one.texts) for one in chains), *((flag_chain(one.name), one.texts) for one in sets)]
    altered = damages(place, past, texts)
    if as_json:
        listed = {name: [row.model_dump(mode="json", by_alias=True) for row in found] for name, found in rows.items()}
        changed = {name: [row.model_dump(mode="json", by_alias=True) for row in found] for name, found in flags.items()}
        show({"services": listed, "flags": changed, "history": past.why or None, "altered": altered})
        return
    click.echo(history_view.listed(rows))
    if flags:
        click.echo(f"\n{history_view.flags_listed(flags)}")
    for line in damage_lines(altered):
        click.echo(line, err=True)
    if past.why and place.stack is not None:
        click.echo(f"the stack's history was not read: {past.why}", err=True)
