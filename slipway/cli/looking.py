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
    """One overview for each stack and namespace that is named, else for each stack of the project that has a target;
    those that have none are named on stderr. Raises EngineError."""
    named = [find_place(folder, stack, None) for stack in stacks]
    named += [find_place(folder, None, namespace) for namespace in namespaces]
    return [overview_of(place) for place in named or _of_project(folder)]


def overview_of(place: Place, service: str | None = None) -> Overview:
    """Of one place, or of one service in it."""
    name = place.stack or str(place.target)
    reached = place_of(place.target, place.setting, place.project or Path())
    return Overview(name, place.target, reached, service=service)


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
