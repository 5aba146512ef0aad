"""`slipway init`: the first files of a project, or of one more service."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipway.cli.options import show, with_json

if TYPE_CHECKING:
    from slipway.cli.init_files import Outcome

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("service", "Name of the service, such as cart"),
    ("image", "Its artifact, repository@sha256:<64 hex>"),
    ("host", "Host name under which users reach it, such as cart.example"),
    ("metrics_url", "URL of the Prometheus with the gateway's metrics"),
    ("author", "Who wrote the change"),
    ("qa", "Who gives QA's word"),
    ("approver", "Who approves as service-owner; not the author"),
    ("team", "The team that owns the service"),
    ("oncall", "How its on-call is reached, a URL or an address"),
    ("builder", "Id of the build service, runDetails.builder.id of its provenance"),
)
"""Option -> question. These have no default; what is left out is asked for on a terminal."""


def _answers(command: Callable[..., None]) -> Callable[..., None]:
    for name, question in reversed(QUESTIONS):
        command = click.option(f"--{name.replace('_', '-')}", name, help=f"{question}.")(command)
    return command


@click.command()
@_answers
@click.option("--namespace", help="Its Kubernetes namespace, SERVICE when left out; that of staging ends in -staging.")
@click.option("--gateway", default="edge/public", show_default=True, help="Gateway of its route, NAMESPACE/NAME.")
@click.option("--gateway-url", help="Where the gateway answers, for smoke checks and probes.")
@click.option("--release-manager", default="release-manager", show_default=True, help="Who signs receipts.")
@click.option("--release-version", "version", help="Of the first manifest, YYYY.MM.DD-1 of today when left out.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--replicas", type=click.IntRange(1), default=2, show_default=True)
@click.option("--ready", default="/ready", show_default=True, help="Path of its readiness probe.")
@click.option(
    "-C", "--cwd", "folder", type=click.Path(file_okay=False, path_type=Path), default=".", help="The project's folder."
)
@with_json
def init(*, folder: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - options, checked by the model
    """Write the first manifest of a service, stack files, gate settings, trust roots and keys.

    What is there already stays as it is. A key for each signer is made in keys/, to begin with: give each to
    whom it belongs to, or put identities of your CI into policies/config/trust.yaml instead.
    """
    from slipway.cli.init_files import Answers, write_project

    for name, question in QUESTIONS:
        if not given[name] and sys.stdin.isatty() and not as_json:
            given[name] = click.prompt(question)
    missing = [f"--{name.replace('_', '-')}" for name, _ in QUESTIONS if not given[name]]
    if missing:
        raise click.UsageError(f"missing: {', '.join(missing)}")
    now = datetime.now(UTC).replace(microsecond=0)
    given["namespace"] = given["namespace"] or given["service"]
    given["version"] = given["version"] or f"{now:%Y.%m.%d}-1"
    outcome = write_project(folder, Answers(**given), now)
    if as_json:
        show({"ok": True, "written": outcome.written, "kept": outcome.kept, "todo": outcome.todo})
    else:
        _tell(outcome)


def _tell(outcome: Outcome) -> None:
    for name in outcome.written:
        click.echo(f"written  {name}")
    for name in outcome.kept:
        click.echo(f"kept     {name}")
    for line in outcome.todo:
        click.echo(f"todo: {line}")
