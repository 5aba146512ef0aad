"""A complete, vouched release in a folder: every report, statement and receipt that the strictest settings ask for.

Tests change one thing and look at what is refused. Keys are made once for the test run; nothing here is secret.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from slipway.release.evidence import make, propose, receipts
from slipway.release.evidence import vouch as statements
from slipway.release.evidence.collect import collect
from slipway.release.evidence.migration_files import read_migrations
from slipway.release.evidence.references import Sources
from slipway.release.evidence.trust import Principal, TrustRoots
from slipway.release.fingerprint import fingerprint_of
from slipway.release.manifest.load import parse
from slipway.release.manifest.release import Release
from slipway.release.readiness.gate_input import BudgetStatus, GateInput, ObservedArtifact
from slipway.release.readiness.settings import Settings
from tests.manifests import DIGEST, manifest

DATA = Path(__file__).parent / "data" / "evidence"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
BUILDER = "https://builder.example/hosted/v1"
BUILD = statements.Build(BUILDER, "git+https://forge.example/checkout", "a" * 40)

REPORTS: Mapping[str, tuple[str, str, str]] = {
    "tests": ("tests", "junit-pytest.xml", "junit.xml"),
    "coverage": ("coverage", "cobertura-coveragepy.xml", "coverage.xml"),
    "static-analysis": ("staticAnalysis", "sarif-clean.sarif", "lint.sarif"),
    "security-scan": ("securityScan", "sarif-scan.sarif", "scan.sarif"),
    "vex": ("vex", "openvex.json", "vex.json"),
}
"""Kind -> section of the manifest, fixture, name in the release's folder."""

PRINCIPALS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ci": (("tests", "coverage", "static-analysis", "security-scan", "vex", "migration-lint", "migration"), ()),
    "builder": (("provenance",), ()),
    "quinn": (("qa",), ()),
    "olive": (("approval",), ("service-owner",)),
    "stage": (("staging", "drill"), ()),
}
"""Name -> what it may vouch for, roles."""


@lru_cache
def key(name: str) -> tuple[bytes, bytes]:
    """The key pair of a principal, private and public, in PEM; half of them of each kind."""
    return make.generate_key("ed25519" if len(name) % 2 else "ecdsa")


def keys() -> statements.Keys:
    """Those of `PRINCIPALS`, each in its part."""
    private = {name: key(name)[0] for name in PRINCIPALS}
    return statements.Keys(
        ci=private["ci"],
        builder=private["builder"],
        qa=private["quinn"],
        approver=private["olive"],
        receipts=private["stage"],
    )


@lru_cache
def trust_roots() -> TrustRoots:
    """Roots that trust exactly `PRINCIPALS`."""
    principals = tuple(
        Principal.model_validate({"name": name, "keys": [key(name)[1].decode()], "may": may, "roles": roles})
        for name, (may, roles) in PRINCIPALS.items()
    )
    return TrustRoots(principals=principals, builders=(BUILDER,))


def content(**changes: object) -> dict[str, Any]:
    """The manifest as data, before evidence is added."""
    complete: dict[str, object] = {
        "strategy": {"kind": "auto"},
        "scope__author": "alice",
        "scope__size": {"commits": 3, "lines": 120},
        "environment": {"dependencies": [{"name": "ledger", "kind": "service", "ready": True}]},
        "database": {"uses": ["orders"]},
        "migrations": [
            {
                "id": "0042",
                "up": "migrations/0042.up.sql",
                "down": "migrations/0042.down.sql",
                "phase": "expand",
            }
        ],
    }
    return manifest(**(complete | changes))


@dataclass
class Vouched:
    """A folder with a release; methods that change it return nothing, `case()` reads it all anew."""

    root: Path
    manifest: dict[str, Any] = field(default_factory=content)
    settings: Settings = field(default_factory=Settings)
    trust: TrustRoots = field(default_factory=trust_roots)
    now: datetime = NOW

    @property
    def yesterday(self) -> datetime:
        """When everything was said and done."""
        return self.now - timedelta(days=1)

    @property
    def service(self) -> str:
        """The service's name."""
        return str(self.manifest["service"])

    @property
    def digest(self) -> str:
        """The artifact's digest."""
        return str(self.manifest["artifact"]["image"]).partition("@")[2]

    def release(self) -> Release:
        """The manifest as it is now."""
        return parse(yaml.safe_dump(self.manifest, sort_keys=False), "manifest")

    def gate_input(self, **changes: object) -> GateInput:
        """Everything that the gates look at, for production."""
        release = self.release()
        sources = Sources(self.root)
        complete = GateInput(
            release=release,
            evidence=collect(release, sources, self.trust),
            now=self.now,
            stack="prod",
            trust=self.trust,
            settings=self.settings,
            previous=release.model_copy(update={"version": "0.9.0"}),
            staging=release,
            artifact=ObservedArtifact(image=release.artifact.image, exists=True, digest=release.artifact.digest),
            budget=BudgetStatus(remaining=0.8, at=self.now - timedelta(minutes=5)),
            migrations=read_migrations(release, sources),
        )
        return replace(complete, **changes)  # type: ignore[arg-type]

    def write(self, name: str, data: bytes) -> str:
        """Write a file of the release; its name."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return name

    def sign(
        self, name: str, by: str, predicate_type: str, predicate: Mapping[str, object], digest: str | None = None
    ) -> str:
        """Sign a statement about the artifact and write it; its name."""
        payload = make.statement(digest or self.digest, self.service, predicate_type, dict(predicate))
        return self.write(name, make.sign(payload, key(by)[0]))

    def bind(
        self, kinds: Mapping[str, str], *, by: str = "ci", digest: str | None = None, at: datetime | None = None
    ) -> None:
        """Sign which files are which reports about the artifact: kind -> name of the file."""
        at = at or self.yesterday
        files = [
            {"kind": kind, "name": name, "sha256": hashlib.sha256((self.root / name).read_bytes()).hexdigest()}
            for kind, name in kinds.items()
        ]
        self.sign("results.json", by, receipts.RESULTS, {"at": at.isoformat(), "files": files}, digest)

    def reference(self) -> dict[str, str]:
        """What QA and approvers refer to."""
        release = self.release()
        return {
            "service": release.service,
            "version": release.version,
            "fingerprint": fingerprint_of(release, read_migrations(release, Sources(self.root))),
        }

    def staged(self, **said: object) -> str:
        """The receipt of a rollout in staging, of the revision as it is now; its name."""
        receipt = propose.staging(self.release(), self.yesterday, "staging", "completed")
        return self.sign("staging.json", "stage", receipts.STAGING, receipt | said)

    def people(self, at: datetime | None = None) -> None:
        """QA's word and the approval, for the release as it is now."""
        said = {"at": (at or self.yesterday).isoformat(), "release": self.reference()}
        self.sign("qa.json", "quinn", receipts.QA, said | {"recommendation": "go", "by": "quinn"})
        self.sign("approval.json", "olive", receipts.APPROVAL, said | {"role": "service-owner", "by": "olive"})


def vouch(root: Path, now: datetime = NOW, **changes: object) -> Vouched:
    """A release in `root` about which nothing is wrong at `now`."""
    shutil.copytree(DATA / "migrations", root / "migrations")
    it = Vouched(root, content(**changes), now=now)
    theirs, ours = (digest.removeprefix("sha256:").encode() for digest in (DIGEST, it.digest))
    for _, fixture, name in REPORTS.values():
        (root / name).write_bytes((DATA / fixture).read_bytes().replace(theirs, ours))  # what a VEX document is about
    at = it.yesterday.isoformat()
    receipts_of = ["results.json", "staging.json", "drill.json"]
    it.manifest["evidence"] = {section: [name] for section, _, name in REPORTS.values()} | {
        "provenance": ["slsa.json"],
        "statements": [*receipts_of, "migration.json"] if it.manifest.get("migrations") else receipts_of,
    }
    it.manifest["qa"] = {"recommendation": "go", "by": "quinn", "at": at, "statement": "qa.json"}
    it.manifest["approvals"] = [{"role": "service-owner", "by": "olive", "at": at, "statement": "approval.json"}]
    signed = statements.vouch(it.release(), Sources(root), it.yesterday, keys(), BUILD)
    files = {
        "slsa.json": signed.provenance,
        "results.json": signed.results,
        "qa.json": signed.qa,
        "approval.json": signed.approval,
        "drill.json": signed.drill,
        "migration.json": signed.migration,
    }
    for name, data in files.items():
        if data is not None:
            it.write(name, data)
    it.staged()
    return it


def slsa(builder: str = BUILDER) -> dict[str, object]:
    """A predicate of SLSA provenance v1."""
    return {
        "buildDefinition": {
            "buildType": "https://builder.example/workflow/v1",
            "externalParameters": {"ref": "refs/tags/v1"},
            "resolvedDependencies": [{"uri": "git+https://forge.example/checkout", "digest": {"gitCommit": "a" * 40}}],
        },
        "runDetails": {"builder": {"id": builder}, "metadata": {"finishedOn": YESTERDAY.isoformat()}},
    }
