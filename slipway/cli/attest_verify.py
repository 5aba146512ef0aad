"""``slipway attest verify``: who signed a statement, and what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway.cli.attest_io import report_errors
from slipway.release.errors import SlipwayError
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import Kind

if TYPE_CHECKING:
    from slipway.release.evidence.verify import Said, Verified


@click.command()
@click.argument("statement", type=click.Path(path_type=Path))
@click.option("--trust", type=click.Path(path_type=Path), required=True, help="Trust roots, a YAML file.")
@click.option("--subject", help="The digest that it must be about, sha256:<hex>.")
@click.option("--json", "as_json", is_flag=True)
@report_errors
def verify(*, statement: Path, trust: Path, subject: str | None, as_json: bool) -> None:
    """Verify a DSSE envelope or a Sigstore bundle, offline, and show what it says. Exit code 1 unless it holds."""
    from slipway.release.evidence.files import read_below
    from slipway.release.evidence.limits import LARGEST_STATEMENT
    from slipway.release.evidence.trust_file import load_trust
    from slipway.release.evidence.verify import read_predicate, verify

    roots = load_trust(trust)
    path = statement.absolute()
    it = verify(read_below(path.parent, path.name, LARGEST_STATEMENT), roots)
    if subject is not None and subject not in it.digests:
        raise SlipwayError(f"{statement} is about {', '.join(it.digests)}, not about {subject}")
    what = read_predicate(it.statement, subject or it.digests[0])
    unvouched = _unvouched(it, what)
    shown = {
        "statement": str(statement),
        "signers": [
            {"name": principal.name, "mayVouchForThis": not _kinds(what).isdisjoint(principal.may)}
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
        note = f" (not believed: {unvouched[file.kind]})" if file.kind in unvouched else ""
        click.echo(f"  {file.kind} {file.name} sha256:{file.sha256}{note}")


def _kinds(what: Said) -> frozenset[Kind]:
    return frozenset({file.kind for file in what.files} if what.kind == "results" else {what.kind})


def _unvouched(it: Verified, what: Said) -> dict[Kind, str]:
    """The kinds of evidence that no signer may vouch for, and why. EvidenceError where nothing else is left."""
    from slipway.release.evidence.binding import check_person, signer

    by = getattr(what.facts, "by", "")
    about = getattr(what.facts, "release", what.facts)
    service: str | None = getattr(about, "service", None)
    found: dict[Kind, str] = {}
    for kind in sorted(_kinds(what)):
        try:
            principal = signer(it, kind, what.at, by, service)
            if what.facts is not None:
                check_person(what.facts, principal)
        except EvidenceError as error:
            found[kind] = error.detail
            last = error
    if len(found) == len(_kinds(what)):
        raise last
    return found
