"""Reads what a release is judged by: its manifest, its evidence, and the manifests that it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from slipway.release.declared import DeclaredRelease, read_manifest
from slipway.release.errors import EngineError, InputError
from slipway.release.evidence.collect import collect
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.migration_files import MigrationSource, read_migrations
from slipway.release.evidence.references import Sources
from slipway.release.findings import Finding, finding
from slipway.release.flags.of_stack import flags_of_stack
from slipway.release.gating.catalog import MANIFEST
from slipway.release.gating.configuration import Configuration
from slipway.release.manifest.release import Release
from slipway.release.project_files import services_declared
from slipway.release.readiness.gate_input import GateInput
from slipway.release.release_inputs import Observed, ReleaseInputs
from slipway.release.review.files import reviews_beside
from slipway.release.risk import History


def manifest_problems(project: Path, path: str) -> tuple[DeclaredRelease | None, list[Finding]]:
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


def gate_input_of(
    project: Path,
    stack: str,
    declared: DeclaredRelease,
    configuration: Configuration,
    observed: Observed,
    now: datetime,
) -> GateInput:
    """Everything that the gates look at. Reads below `project` and nothing else; never raises for what is there."""
    release, settings = declared.release, configuration.settings
    sources = Sources(project, str(PurePosixPath(declared.path).parent))
    before = settings.staging.stack
    staging, staging_problem = (None, "") if stack == before else _staging(project, before, release.service)
    flags, flags_problem = flags_of_stack(project, stack)
    return GateInput(
        release=release,
        evidence=collect(release, sources, configuration.trust),
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
        flags=flags,
        standby=_keeps_warm(project, stack, release.service),
        flags_problem=flags_problem,
        migrations=read_migrations(release, sources),
        reviews=reviews_beside(project, declared.path, release.service),
    )


def declared_otherwise(
    inputs: ReleaseInputs, declared: DeclaredRelease, migrations: Sequence[MigrationSource] = ()
) -> list[Finding]:
    """Where a program declares something of a manifest and its scripts that differs from their bytes."""
    true = ReleaseInputs.of(declared, inputs.where, inputs.gates, migrations)
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
    found, _ = manifest_problems(project, observed.previous.manifest)
    if found is None or found.revision != observed.previous.revision:
        return None
    return found.release


def _staging(project: Path, stack: str, service: str) -> tuple[Release | None, str]:
    """What the stack before this one declares for the service, from that stack's own file, or why it is not known."""
    try:
        path = services_declared(project, stack).get(service, {}).get("manifest")
    except EngineError as error:
        return None, str(error)
    if not isinstance(path, str):
        return None, f"no manifest of {service} under releases:services in the file of the stack {stack}"
    try:
        return read_manifest(project, path).release, ""
    except EvidenceError as error:
        return None, f"{path}, which the stack {stack} names: {error.detail}"
    except InputError as error:
        first = error.problems[0]
        return None, f"{path}, which the stack {stack} names: {first.path} {first.message}"


def _keeps_warm(project: Path, stack: str, service: str) -> bool | None:
    """Whether the stack's file names a standby of the service; None where it does not declare the service."""
    try:
        entry = services_declared(project, stack).get(service)
    except EngineError:
        return None
    return None if entry is None else entry.get("standby") is not None


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
