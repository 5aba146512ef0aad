"""Signs what the manifests of the example name, with keys made once a checkout: no private key is in the repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from slipway.cli.attest_io import read_key, write_new
from slipway.cli.attest_remake import replace
from slipway.release.declared import read_manifest
from slipway.release.errors import InputError, Problem
from slipway.release.evidence import make
from slipway.release.evidence.references import Sources
from slipway.release.evidence.trust_file import Entry, as_text
from slipway.release.evidence.vouch import Build, Keys, vouch
from slipway.release.manifest.release import Release

RELEASES = "releases/checkout"
ON_ECS = "releases/cart"
KEYS = "releases/example-keys"
TRUST = "policies/config/trust.example.yaml"
STAGING = ".staging.yaml"
"""Manifests with this ending are staging's; their evidence is that of production's, and they need no approvals."""

HEADING = """Whose word counts in the example, and for what. Made by `slipway example`, which keeps the private keys in
releases/example-keys and signs for every role: for the example only. The trust roots of a project of your own are
written by `slipway init`, docs/evidence.md says what may stand in them. A manifest cannot add to them."""
PRINCIPALS: tuple[Entry, ...] = (
    Entry(
        "ci",
        "the pipeline that runs tests and scans; it binds its reports to the artifact",
        may=("tests", "coverage", "static-analysis", "security-scan", "vex", "migration-lint", "migration"),
    ),
    Entry("builder", "the build service", may=("provenance",)),
    Entry("qa-lead", "QA", may=("qa",)),
    Entry(
        "payments-lead",
        "owner of the services",
        may=("approval",),
        roles=("service-owner",),
        services=("checkout", "cart"),
    ),
    Entry("release-manager", "keeps the receipts of staging and of drills", may=("staging", "drill")),
    Entry("dana", "writes changes and vouches for nothing"),
)
BUILDER = "https://builder.example/hosted/v1"
SOURCE = "git+https://forge.example/payments"
COMMIT = "5d1f0c2e9a7b4c6d8e0f1a2b3c4d5e6f70819203"
DATABASE = "PostgreSQL 17.2 (the example's word, nothing was run)"


def sign_example(project: Path, at: datetime) -> list[Path]:
    """Write keys where there are none, trust roots and statements, dated `at`; every file that was written.

    Raises InputError when this is not the example, or one of its reports cannot be read.
    """
    manifests = sorted(
        path
        for folder in (RELEASES, ON_ECS)
        for path in (project / folder).glob("*.yaml")
        if not path.name.endswith(STAGING)
    )
    if not any((project / RELEASES).glob("*.yaml")):
        remedy = "Run it in a checkout of Slipway, or begin a project of your own with `slipway init`"
        raise InputError("example", [Problem(RELEASES, "has no manifest, so this is not the example", remedy)])
    private = {entry.name: _private_key(project, entry.name) for entry in PRINCIPALS if entry.may}
    written = [_write(project / TRUST, _trust(project).encode())]
    for path in manifests:
        written += _statements(
            project, read_manifest(project, path.relative_to(project).as_posix()).release, at, private
        )
    return written


def _private_key(project: Path, name: str) -> bytes:
    """The key of one principal, made now unless it is there."""
    path = project / KEYS / f"{name}.key"
    if not path.exists():
        private, public = make.generate_key()
        write_new(path, private, 0o600)
        _write(path.with_suffix(".pub"), public)
    return read_key(path)


def _trust(project: Path) -> str:
    entries = []
    for entry in PRINCIPALS:
        public = (project / KEYS / f"{entry.name}.pub").read_text() if entry.may else None
        entries.append(Entry(entry.name, entry.remark, entry.may, entry.roles, entry.services, public))
    return as_text(HEADING, entries, [BUILDER])


def _statements(project: Path, release: Release, at: datetime, private: Mapping[str, bytes]) -> Iterator[Path]:
    """The files of one release, all below `evidence/<version>/signed`, which its manifest names."""
    keys = Keys(
        ci=private["ci"],
        builder=private["builder"],
        qa=private["qa-lead"],
        approver=private["payments-lead"],
        receipts=private["release-manager"],
    )
    beside = f"releases/{release.service}"
    build = Build(BUILDER, f"{SOURCE}/{release.service}", COMMIT)
    signed = vouch(release, Sources(project, beside), at, keys, build, DATABASE)
    folder = project / beside / "evidence" / release.version / "signed"
    files = {
        "provenance.json": signed.provenance,
        "qa.json": signed.qa,
        "approval.json": signed.approval,
        "receipts/results.json": signed.results,
        "receipts/drill.json": signed.drill,
        "receipts/migration.json": signed.migration,
    }
    for name, content in files.items():
        if content is not None:
            yield _write(folder / name, content)


def _write(path: Path, content: bytes) -> Path:
    """Raises InputError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            str(path), [Problem("file", f"cannot be written: {error.strerror}", "Free the path")]
        ) from None
    replace(path, content)
    return path
