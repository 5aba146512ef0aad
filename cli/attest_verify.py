"""``slipway attest verify``: who signed a statement, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli.attest_io import explained
from release.errors import SlipwayError


@click.command()
@click.argument("statement", type=click.Path(path_type=Path))
@click.option("--trust", type=click.Path(path_type=Path), required=True, help="Trust roots, a YAML file.")
@click.option("--subject", help="The digest that it must be about, sha256:<hex>.")
@click.option("--json", "as_json", is_flag=True)
@explained
def verify(*, statement: Path, trust: Path, subject: str | None, as_json: bool) -> None:
    """Verify a DSSE envelope or a Sigstore bundle, offline, and show what it says. Exit code 1 unless it holds."""
    from release.evidence.files import read_below
    from release.evidence.limits import LARGEST_STATEMENT
    from release.evidence.trust_file import load_trust
    from release.evidence.verify import said, verified

    roots = load_trust(trust)
    path = statement.absolute()
    it = verified(read_below(path.parent, path.name, LARGEST_STATEMENT), roots)
    if subject is not None and subject not in it.digests:
        raise SlipwayError(f"{statement} is about {', '.join(it.digests)}, not about {subject}")
    what = said(it.statement, subject or it.digests[0])
    shown = {
        "statement": str(statement),
        "signers": [
            {"name": principal.name, "mayVouchForThis": what.kind == "results" or what.kind in principal.may}
            for principal in it.principals
        ],
        "method": it.method,
        "subjects": list(it.digests),
        "predicateType": it.statement.predicate_type,
        "kind": what.kind,
        "at": None if what.at is None else what.at.isoformat(),
        "facts": None if what.facts is None else what.facts.model_dump(mode="json", by_alias=True),
        "files": [file.model_dump(mode="json") for file in what.files],
    }
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    names = ", ".join(principal.name for principal in it.principals)
    click.echo(f"{statement}: {what.kind}, signed by {names} ({it.method}), about {', '.join(it.digests)}")
    for file in what.files:
        click.echo(f"  {file.kind} {file.name} sha256:{file.sha256}")
