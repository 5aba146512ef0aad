"""``slipway attest``: signed statements about an artifact, which the gates of a release ask for."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

import click

from slipway.cli.attest_io import Making, Time, makes_statement, read_release, report_errors, write_new
from slipway.cli.attest_verify import verify
from slipway.release.errors import InputError, Problem
from slipway.release.evidence.facts import Kind
from slipway.release.evidence.receipts import ResultKind
from slipway.release.people import known_as

KINDS = sorted(get_args(ResultKind))
KeyKind = Literal["ed25519", "ecdsa"]
Outcome = Literal["completed", "aborted", "interrupted"]


@click.group()
def attest() -> None:
    """Sign statements about an artifact: results, QA's word, approvals, receipts.

    Statements are in-toto, signed as DSSE envelopes with a local key, or bare (--unsigned) for a Sigstore client.
    """


attest.add_command(verify)


@attest.command()
@click.argument("name", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(["ed25519", "ecdsa"]), default="ed25519", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
@report_errors
def keygen(*, name: Path, kind: KeyKind, as_json: bool) -> None:
    """Make a key pair: NAME.key, readable by you only, and NAME.pub for the trust roots.

    For the sandbox and for trying things out: the private key is not encrypted.
    """
    from slipway.release.evidence.make import generate_key

    if not name.name:
        raise click.UsageError(f"{str(name)!r} names no file; give a name such as keys/ci")
    for taken in (name.with_name(f"{name.name}.key"), name.with_name(f"{name.name}.pub")):
        if taken.exists():  # of the other no half is left behind
            raise InputError(
                str(taken), [Problem("NAME", "exists already, and keys are never overwritten", "Choose another name")]
            )
    private, public = generate_key(kind)
    write_new(name.with_name(f"{name.name}.key"), private, 0o600)
    write_new(name.with_name(f"{name.name}.pub"), public)
    if as_json:
        click.echo(json.dumps({"private": f"{name}.key", "public": f"{name}.pub", "pem": public.decode()}, indent=2))
    else:
        click.echo(f"{name}.key (keep it), {name}.pub (put it into the trust roots)")


@attest.command()
@click.option("--only", type=click.Choice(KINDS), multiple=True, help="These kinds of reports only.")
@makes_statement
def results(it: Making, *, only: tuple[Kind, ...]) -> None:
    """Bind the reports that the manifest names to its artifact, by their hashes."""
    from slipway.release.evidence import propose, receipts

    predicate = propose.results(it.release, it.sources, it.at, only)
    it.write(receipts.RESULTS, predicate)


@attest.command()
@click.option("--builder", required=True, help="Id of the builder, a URL that the trust roots list under builders.")
@click.option("--source", required=True, help="URI of the repository, such as git+https://forge.example/org/repo.")
@click.option("--commit", required=True, help="The git commit that was built, 40 hex digits.")
@click.option("--build-type", default="urn:slipway:build:v1", show_default=True, help="How it was built, a URI.")
@makes_statement
def provenance(it: Making, *, builder: str, source: str, commit: str, build_type: str) -> None:
    """SLSA provenance of the artifact, for a build service that attests nothing itself.

    Let the build service run it with a key of its own. GitHub, GitLab and cosign write provenance themselves; how it is
    fetched is in docs/evidence.md.
    """
    from slipway.release.evidence import predicates, propose

    predicate = propose.provenance(it.at, builder, source, commit, build_type)
    it.write(predicates.SLSA_PROVENANCE, predicate)


@attest.command()
@click.option("--recommendation", type=click.Choice(["go", "no-go", "conditional"]), required=True)
@click.option("--by", required=True, help="The principal of the trust roots who signs.")
@click.option("--note", default="", help="What to know, such as what is open.")
@makes_statement
def qa(it: Making, *, recommendation: str, by: str, note: str) -> None:
    """QA's recommendation for the release as it is now: any later change of the manifest voids it."""
    from slipway.release.evidence import propose, receipts

    it.write(receipts.QA, propose.qa(it.release, it.sources, it.at, recommendation, by, note))


@attest.command()
@click.option("--role", required=True, help="The role in which it is approved, such as service-owner.")
@click.option("--by", required=True, help="The principal of the trust roots who signs; not the author.")
@click.option("--expires", type=Time(ahead=True), help="A time, or a duration from now such as 7d.")
@makes_statement
def approval(it: Making, *, role: str, by: str, expires: datetime | None) -> None:
    """An approval of the release as it is now: any later change of the manifest voids it."""
    from slipway.release.evidence import propose, receipts

    if known_as(by) == known_as(it.release.scope.author or ""):
        problem = Problem("--by", f"{by} is the author (scope.author)", "Ask another person with this role")
        raise InputError(f"{it.release.service} {it.release.version}", [problem])
    it.write(receipts.APPROVAL, propose.approval(it.release, it.sources, it.at, role, by, expires))


@attest.command()
@click.option("--stack", default="staging", show_default=True)
@click.option("--outcome", type=click.Choice(["completed", "aborted", "interrupted"]), required=True)
@makes_statement
def staging(it: Making, *, stack: str, outcome: Outcome) -> None:
    """The receipt of a rollout before production, of the revision (artifact and workload) of the manifest given.

    Give the manifest that ran in that stack. Where production's workload is another one, its manifest must declare the
    differences (environment.differences).
    """
    from slipway.release.evidence import propose, receipts

    it.write(receipts.STAGING, propose.staging(it.release, it.at, stack, outcome))


@attest.command()
@click.option("--procedure", type=click.Choice(["deploy", "rollback"]), required=True)
@click.option("--stack", default="staging", show_default=True)
@click.option("--outcome", type=click.Choice(["completed", "failed"]), required=True)
@click.option("--seconds", type=click.FloatRange(0, 1e7), required=True, help="How long the procedure took.")
@makes_statement
def drill(it: Making, *, procedure: str, stack: str, outcome: str, seconds: float) -> None:
    """The receipt of a drill of deploy or rollback."""
    from slipway.release.evidence import propose, receipts

    predicate = propose.drill(it.release, it.at, procedure, stack, outcome, seconds)
    it.write(receipts.DRILL, predicate)


@attest.command()
@click.option("--database", required=True, help="Product and version, such as 'PostgreSQL 17.2'.")
@click.option("--round-trip/--failed", required=True, help="Whether upgrade, downgrade and upgrade again worked.")
@click.option("--previous", type=click.Path(path_type=Path), help="Manifest of the previous release.")
@click.option("--previous-passed/--previous-failed", default=None, help="Its own tests, on the upgraded schema.")
@makes_statement
def migration(
    it: Making, *, database: str, round_trip: bool, previous: Path | None, previous_passed: bool | None
) -> None:
    """The receipt of the migrations' round trip on a real database."""
    from slipway.release.evidence import propose, receipts

    if (previous is None) != (previous_passed is None):
        raise click.UsageError("--previous goes with --previous-passed or --previous-failed")
    before = None if previous is None else (read_release(previous)[0], bool(previous_passed))
    predicate = propose.migration(it.release, it.sources, it.at, database, round_trip, before)
    it.write(receipts.MIGRATION, predicate)
