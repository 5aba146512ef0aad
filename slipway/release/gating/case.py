"""Reads what a release is judged by: its manifest, its evidence, and the manifests that it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath

import yaml

from slipway.release.errors import InputError
from slipway.release.evidence.collect import collect
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.files import read_below
from slipway.release.evidence.migration_files import MigrationSource, read_migrations
from slipway.release.evidence.references import Sources
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import MANIFEST
from slipway.release.gating.configuration import Configuration
from slipway.release.manifest.load import parse
from slipway.release.manifest.release import Release
from slipway.release.readiness.case import Case
from slipway.release.release_inputs import LARGEST_MANIFEST, Observed, ReleaseInputs
from slipway.release.revision import revision_of
from slipway.release.risk import History
from slipway.release.strategy import resolve


@dataclass(frozen=True, slots=True)
class Read:
    """A manifest of the project: the SHA-256 of its bytes, and the release with its strategy resolved."""

    sha256: str
    release: Release


def read_manifest(project: Path, path: str) -> Read:
    """Read one manifest, never through a symbolic link or out of the project. Raises InputError or EvidenceError."""
    content = read_below(project, path, LARGEST_MANIFEST)
    return Read(content.sha256, _parsed(content.data, path))


@lru_cache(maxsize=256)
def _parsed(data: bytes, path: str) -> Release:
    """By the bytes themselves: the same manifest is looked at as release, as staging's and as a resource's."""
    return resolve(parse(data, path))


def declared(project: Path, stack: str) -> Mapping[str, Mapping[str, object]]:
    """The services that a stack's own file declares, each with `manifest` and perhaps `standby`; empty when the file
    cannot be read."""
    try:
        return _services(read_below(project, f"Pulumi.{stack}.yaml", LARGEST_MANIFEST).data)
    except EvidenceError:
        return {}


@lru_cache(maxsize=16)
def _services(data: bytes) -> Mapping[str, Mapping[str, object]]:
    try:
        services = yaml.safe_load(data)["config"]["releases:services"]
        return {str(name): dict(entry) for name, entry in services.items()}
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return {}


def manifest_problems(project: Path, path: str) -> tuple[Read | None, list[Finding]]:
    """The manifest, or why it cannot be judged."""
    try:
        return read_manifest(project, path), []
    except EvidenceError as error:
        return None, [_unreadable(path, error.code, error.detail, "a readable manifest in the project")]
    except InputError as error:
        return None, [
            _unreadable(f"{path}: {p.path}", "malformed", p.message, "a valid manifest", f"{p.remedy}")
            for p in error.problems
        ]


def case_of(
    project: Path,
    stack: str,
    read: Read,
    path: str,
    configuration: Configuration,
    observed: Observed,
    now: datetime,
) -> Case:
    """Everything that the gates look at. Reads below `project` and nothing else; never raises for what is there."""
    release, settings = read.release, configuration.settings
    sources = Sources(project, str(PurePosixPath(path).parent))
    before = settings.staging.stack
    staging, staging_problem = (None, "") if stack == before else _staging(project, before, release.service)
    return Case(
        release=release,
        dossier=collect(release, sources, configuration.trust),
        now=now,
        stack=stack,
        trust=configuration.trust,
        settings=settings,
        settled=observed.settled,
        first=observed.first,
        previous=_previous(project, observed),
        staging=staging,
        staging_problem=staging_problem,
        artifact=observed.artifact,
        budget=observed.budget,
        history=_history(observed),
        migrations=read_migrations(release, sources),
    )


def declared_otherwise(inputs: ReleaseInputs, read: Read, migrations: Sequence[MigrationSource] = ()) -> list[Finding]:
    """What a program says of a manifest and its scripts that their bytes do not."""
    true = ReleaseInputs.of(read.release, inputs.namespace, inputs.manifest, read.sha256, inputs.gates, migrations)
    return [
        finding(
            gate=MANIFEST,
            code="altered",
            severity="critical",
            field=field,
            found=str(getattr(inputs, field)),
            wanted=f"{getattr(true, field)}, as {inputs.manifest} says",
            remedy="Declare the release from its manifest and nothing else, and leave a released manifest as it is",
        )
        for field in ("sha256", "service", "version", "revision", "image", "fingerprint")
        if getattr(inputs, field) != getattr(true, field)
    ]


def _history(observed: Observed) -> History | None:
    remaining = observed.budget.remaining if observed.budget is not None else None
    if observed.completed is None or observed.aborted is None:
        return None if remaining is None else History(budget_remaining=remaining)
    return History(releases=observed.completed + observed.aborted, aborted=observed.aborted, budget_remaining=remaining)


def _previous(project: Path, observed: Observed) -> Release | None:
    """None when it is unknown, or when its manifest no longer says what was released."""
    if observed.previous is None:
        return None
    read, _ = manifest_problems(project, observed.previous.manifest)
    if read is None or revision_of(read.release) != observed.previous.revision:
        return None
    return read.release


def _staging(project: Path, stack: str, service: str) -> tuple[Release | None, str]:
    """What the stack before this one declares for the service, from that stack's own file, or why it is not known."""
    path = declared(project, stack).get(service, {}).get("manifest")
    if not isinstance(path, str):
        return None, f"no manifest of {service} under releases:services in the file of the stack {stack}"
    try:
        return read_manifest(project, path).release, ""
    except EvidenceError as error:
        return None, f"{path}, which the stack {stack} names: {error.detail}"
    except InputError as error:
        first = error.problems[0]
        return None, f"{path}, which the stack {stack} names: {first.path} {first.message}"


def _unreadable(field: str, code: str, found: str, wanted: str, remedy: str = "Correct the path") -> Finding:
    return finding(
        gate=MANIFEST,
        code=code,
        severity="critical",
        field=field,
        found=found,
        wanted=wanted,
        remedy=remedy,
    )
