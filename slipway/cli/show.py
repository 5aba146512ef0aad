"""`slipway show RELEASE`: one record of any kind, and statements of it for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli import options
from slipway.cli.options import with_json, with_namespace, with_service, with_stack
from slipway.release.errors import ReleaseRefused

if TYPE_CHECKING:
    from slipway.cli.chains import Place
    from slipway.release.records.chain import Anchor
    from slipway.release.records.release_record import RecordBase


@click.command()
@click.argument("release")
@click.option(
    "--statement", type=click.Choice(["record", "summary"]),
    help="Write an in-toto statement: the record itself, or SLSA's verification summary of what the gates said.",
)  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file of the statement.")
@click.option("--key", type=click.Path(path_type=Path), help="Private key in PEM; without it the statement is bare.")
@with_service
@click.option("--flags", help="A set of flags, whose change #NUMBER is shown.")
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
    flags: str | None,
    namespace: str | None,
    stack: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Show RELEASE as it is on record: a version, revision, digest, rollout, or #NUMBER of its record.

    #NUMBER is any record of `slipway history`: a rollout, a drill, a refusal by the gates, a moment of a watch, a
    closing, and with --flags a change of a set of flags.

    A signed record anchors the chain: `slipway audit --signed` finds by it whether the records up to there were cut or
    written anew.
    """
    if (statement is None) != (out is None) or (key is not None and statement is None):
        raise click.UsageError("--statement and --out go together, --key with them")
    if flags is not None and (service is not None or not release.startswith("#")):
        raise click.UsageError("--flags goes with #NUMBER, and without --service")
    from slipway.cli.chains import find_place
    from slipway.release.report.told import told

    anchor, record = _find(find_place(folder, stack, namespace), service, flags, release)
    if statement is not None and out is not None:
        _state(anchor, record, statement, out, key)
    shown = told(anchor, record)
    if as_json:
        options.show({"anchor": anchor.model_dump(mode="json"), **record.to_content()})
    elif statement is None:
        facts = "\n".join(f"  {name:10}{json.dumps(value)[1:-1]}" for name, value in shown.facts)
        click.echo("\n".join([shown.headline, facts, *(["", *shown.lines] if shown.lines else [])]))
    else:
        click.echo(f"{out}: a {statement} of {shown.headline}")


def _find(place: Place, service: str | None, flags: str | None, name: str) -> tuple[Anchor, RecordBase]:
    from slipway.cli.chains import find_numbered, find_release

    if name.startswith("#") and name[1:].isdecimal():
        return find_numbered(place, service, flags, int(name[1:]))
    _, found = find_release(place, service, name)
    return found.anchor, found.record


def _state(anchor: Anchor, record: RecordBase, kind: str, out: Path, key: Path | None) -> None:
    """The subject is the artifact; of a change of flags, which has none, it is the record itself."""
    from slipway.cli.attest_io import read_key, write_new
    from slipway.release.evidence import make
    from slipway.release.records import statements
    from slipway.release.records.kinds import chain_of
    from slipway.release.records.release_record import Recorded, ReleaseRecord, ServiceRecord

    if kind == "record":
        predicate_type, predicate = statements.RECORD, statements.record_predicate(anchor, record)
    elif isinstance(record, ReleaseRecord):
        predicate_type = statements.SUMMARY
        predicate = statements.summary_predicate(Recorded(anchor=anchor, record=record))
    else:
        raise ReleaseRefused(f"record #{anchor.seq} is no rollout: a summary says what the gates said of one")
    digest, name = f"sha256:{anchor.hash}", chain_of(record)
    if isinstance(record, ServiceRecord):
        digest, name = record.digest, record.subject.image.partition("@")[0]
    payload = make.statement(digest, name, predicate_type, predicate)
    write_new(out, payload if key is None else make.sign(payload, read_key(key)))
