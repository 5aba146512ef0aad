"""`slipway show RELEASE`: one record, and statements of it for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli import options
from slipway.cli.options import with_json, with_namespace, with_service, with_stack

if TYPE_CHECKING:
    from slipway.release.records.release_record import Recorded


@click.command()
@click.argument("release")
@click.option(
    "--statement", type=click.Choice(["record", "summary"]),
    help="Write an in-toto statement: the record itself, or SLSA's verification summary of what the gates said.",
)  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file of the statement.")
@click.option("--key", type=click.Path(path_type=Path), help="Private key in PEM; without it the statement is bare.")
@with_service
@with_namespace
@with_stack
@with_json
def show(  # noqa: PLR0913 - one parameter an option
    *,
    release: str,
    statement: str | None,
    out: Path | None,
    key: Path | None,
    service: str | None,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Show RELEASE as it is on record: a version, revision, digest, rollout, or #NUMBER of its record.

    A signed record anchors the chain: `slipway audit --signed` finds by it whether the records up to there were cut or
    written anew.
    """
    if (statement is None) != (out is None) or (key is not None and statement is None):
        raise click.UsageError("--statement and --out go together, --key with them")
    from slipway.cli.chains import find_place, find_release

    _, found = find_release(find_place(folder, stack, namespace), service, release)
    if statement is not None and out is not None:
        _state(found, statement, out, key)
    if as_json:
        options.show({"anchor": found.anchor.model_dump(mode="json"), **found.record.to_content()})
    elif statement is None:
        click.echo(_text(found))
    else:
        click.echo(f"{out}: a {statement} of {found.record.service} {found.record.subject.version}")


def _state(found: Recorded, kind: str, out: Path, key: Path | None) -> None:
    from slipway.cli.attest_io import read_key, write_new
    from slipway.release.evidence import make
    from slipway.release.records import statements

    types = {
        "record": (statements.RECORD, statements.record_predicate),
        "summary": (statements.SUMMARY, statements.summary_predicate),
    }
    predicate_type, predicate = types[kind]
    name = found.record.subject.image.partition("@")[0]
    payload = make.statement(found.record.digest, name, predicate_type, predicate(found))
    write_new(out, payload if key is None else make.sign(payload, read_key(key)))


def _text(found: Recorded) -> str:
    from slipway.release.report.explain import explanation, headline

    record = found.record
    rows = (
        ("record", f"{found.anchor.seq}, {found.anchor.hash}"),
        ("artifact", record.subject.image),
        ("revision", record.subject.revision),
        ("manifest", record.subject.manifest),
        ("stack", f"{record.stack}, {record.target}"),
        ("gates", record.event.gates.outcome if record.event.gates is not None else "unknown"),
    )
    facts = "\n".join(f"  {name:10}{json.dumps(value)[1:-1]}" for name, value in rows)
    return "\n".join([headline(found), facts, "", *explanation(found)])
