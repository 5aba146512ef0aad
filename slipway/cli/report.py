"""`slipway report RELEASE|--last`: the six-part report of a release."""

from __future__ import annotations

import json
from pathlib import Path

import click

from slipway.cli.options import with_json, with_namespace, with_service, with_stack

FORMATS = ("markdown", "json", "html")


@click.command()
@click.argument("release", required=False)
@click.option("--last", is_flag=True, help="The release that ended last.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By the name of --output, else markdown.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write there instead of to stdout.")
@with_service
@with_namespace
@with_stack
@with_json
def report(  # noqa: PLR0913 - one parameter an option
    *,
    release: str | None,
    last: bool,
    form: str | None,
    output: Path | None,
    service: str | None,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Report on RELEASE: a version, a revision, an artifact's digest, a rollout's id, or #NUMBER of its record.

    Scope and risk, gates, strategy and timeline, health, rollback, and what is left to do. The HTML is one file without
    scripts, which loads nothing.
    """
    from slipway.cli.chains import find_place, find_release
    from slipway.release.report.build import report_of
    from slipway.release.report.document import document_of
    from slipway.release.report.html import as_html
    from slipway.release.report.markdown import as_markdown

    if (release is None) != last:
        raise click.UsageError("name a release, or give --last")
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"give either --json or --format {form}")
    chain, found = find_release(find_place(folder, stack, namespace), service, release)
    made = report_of(found, chain.records, chain.lines)
    kind = "json" if as_json else form or _by_name(output)
    if kind == "json":
        text = json.dumps(made.model_dump(mode="json", by_alias=True), indent=2)
    else:
        text = {"html": as_html, "markdown": as_markdown}[kind](document_of(made))
    if output is None:
        click.echo(text.rstrip("\n"))
        return
    _write(output, text)
    click.echo(f"{made.headline}: {output}", err=True)


def _by_name(output: Path | None) -> str:
    suffix = output.suffix if output is not None else ""
    return {".html": "html", ".htm": "html", ".json": "json"}.get(suffix, "markdown")


def _write(output: Path, text: str) -> None:
    from slipway.release.errors import InputError, Problem

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text)
    except OSError as error:
        problem = Problem("output", f"cannot be written: {error.strerror}", "Choose another place")
        raise InputError(str(output), [problem]) from None
