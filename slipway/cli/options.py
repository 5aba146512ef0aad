"""Options that several commands share, and how they print."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

JSON = "slipway.json"
Command = TypeVar("Command", bound=Callable[..., Any])


def _remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    ctx.meta[JSON] = value
    return value


def with_json(command: Command) -> Command:
    """`--json`, passed as `as_json`; errors then come as JSON as well."""
    option = click.option("--json", "as_json", is_flag=True, callback=_remember, help="Machine-readable.")
    return option(command)


def with_stack(command: Command) -> Command:
    """`--stack` and `--cwd`, passed as `stack` and `folder`."""
    stack = click.option("-s", "--stack", help="The stack; the selected one when left out.")
    return stack(with_folder(command))


def with_folder(command: Command) -> Command:
    """`--cwd`, passed as `folder`."""
    kind = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.option("-C", "--cwd", "folder", type=kind, default=".", help="The project's folder.")(command)


def with_namespace(command: Command) -> Command:
    """`--namespace`."""
    text = "A namespace of the environment's cluster; the target of the stack's configuration when left out."
    return click.option("-n", "--namespace", help=text)(command)


def with_service(command: Command) -> Command:
    """`--service`."""
    return click.option("--service", help="The service; needed where several have such a release.")(command)


def to_a_rollout(until: str) -> Callable[[Command], Command]:
    """What a command that tells the rollout of a service something has in common; `until` is what --wait waits for."""

    def add(command: Command) -> Command:
        limit = click.FloatRange(min=0)
        options = (
            click.argument("service"),
            click.option("--reason", default="", help="Why, for the record."),
            click.option("--wait", is_flag=True, help=until),
            click.option("--timeout", type=limit, default=60.0, show_default=True, help="Seconds to wait."),
            with_namespace,
            with_stack,
            with_json,
        )
        for option in reversed(options):
            command = option(command)
        return command

    return add


def show(values: Mapping[str, Any]) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(values, indent=2))


def fail(ctx: click.Context, message: str) -> None:
    """One line on stderr, and with `--json` the same on stdout; exit code 1."""
    click.echo(f"error: {message}", err=True)
    if ctx.meta.get(JSON):
        show({"ok": False, "error": message})
    ctx.exit(1)
