"""Which targets `dashboard` and `status --follow` look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from slipway.cli.chains import Place, find_place
from slipway.release.errors import EngineError
from slipway.release.project_files import stacks_of
from slipway.rollout.overview import Overview, place_of


def look_at(folder: Path, stacks: Sequence[str], namespaces: Sequence[str]) -> list[Overview]:
    """One overview for each place of the stacks and each namespace that are named, else for those of each stack of the
    project that has a target; those that have none are named on stderr. Raises EngineError."""
    named = [find_place(folder, stack, None) for stack in stacks]
    named += [find_place(folder, None, namespace) for namespace in namespaces]
    return [overview for place in named or _of_project(folder) for overview in overviews_of(place)]


def overviews_of(place: Place, service: str | None = None) -> list[Overview]:
    """One for each place of a stack, or only of one service where that runs."""
    name = place.stack or str(place.target)
    targets = {name: place.target, **{f"{name} ({other})": target for other, target in place.others.items()}}
    if service is not None:
        where = place.target_of(service)
        targets = {named: target for named, target in targets.items() if target == where}
    project = place.project or Path()
    return [
        Overview(named, target, place_of(target, place.setting, project), service=service)
        for named, target in targets.items()
    ]


def _of_project(folder: Path) -> list[Place]:
    found = []
    for stack in stacks_of(folder):
        try:
            found.append(find_place(folder, stack, None))
        except EngineError as error:
            click.echo(f"left out: {error}", err=True)
    if not found:
        raise EngineError("no stack of this project has a target; name a namespace with --namespace")
    return found
