"""The predicates that `slipway attest` signs, made from a manifest: what is signed is what the gates will look for."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Literal

from slipway.release.errors import InputError, Problem
from slipway.release.evidence import reports
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import Kind
from slipway.release.evidence.migration_files import Script, read_migrations
from slipway.release.evidence.references import Sources, expanded, limit_of
from slipway.release.evidence.verify import is_signed
from slipway.release.fingerprint import fingerprint_of
from slipway.release.manifest.release import Release
from slipway.release.revision import revision_of

Predicate = dict[str, object]


def results(release: Release, sources: Sources, at: datetime, only: Collection[Kind] = ()) -> Predicate:
    """The reports that the manifest names, by hash. Each is read first: what would be refused is not signed.

    Raises InputError with every report that cannot be used, or when there is none.
    """
    files: list[Predicate] = []
    problems: list[Problem] = []
    for reference in expanded(release, sources):
        kind = reference.kind
        if kind is None or kind not in reports.KINDS or (only and kind not in only):
            continue
        try:
            content = sources.read(reference.path, limit_of(reference))
            if is_signed(content):
                continue
            reports.parse(kind, content.data, release.artifact.digest)
        except EvidenceError as error:
            problems.append(Problem(reference.field, f"{reference.path}: {error.detail}", error.remedy))
            continue
        files.append({"kind": kind, "name": content.path, "sha256": content.sha256})
    if not files and not problems:
        problems.append(Problem("evidence", "names no report", "List the reports of CI under evidence"))
    if problems:
        raise InputError(f"{release.service} {release.version}", problems)
    return {"at": at.isoformat(), "files": files}


def provenance(at: datetime, builder: str, source: str, commit: str, build_type: str) -> Predicate:
    """SLSA provenance v1 of a build that ended at `at`. Raises InputError."""
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit) is None:
        remedy = "Give the whole commit, as `git rev-parse HEAD` prints it"
        raise InputError("provenance", [Problem("--commit", f"{commit} is no git commit", remedy)])
    return {
        "buildDefinition": {
            "buildType": build_type,
            "externalParameters": {"source": source},
            "resolvedDependencies": [{"uri": source, "digest": {"gitCommit": commit}}],
        },
        "runDetails": {"builder": {"id": builder}, "metadata": {"finishedOn": at.isoformat()}},
    }


def qa(release: Release, sources: Sources, at: datetime, recommendation: str, by: str, note: str = "") -> Predicate:
    """QA's recommendation for a release. Raises InputError when a script of its migrations cannot be read."""
    return {
        "at": at.isoformat(),
        "release": _reference(release, sources),
        "recommendation": recommendation,
        "by": by,
        "note": note,
    }


def approval(
    release: Release, sources: Sources, at: datetime, role: str, by: str, expires: datetime | None
) -> Predicate:
    """One approval of a release. Raises InputError when a script of its migrations cannot be read."""
    predicate: Predicate = {"at": at.isoformat(), "release": _reference(release, sources), "role": role, "by": by}
    return predicate if expires is None else predicate | {"expires": expires.isoformat()}


def staging(
    release: Release, at: datetime, stack: str, outcome: Literal["completed", "aborted", "interrupted"]
) -> Predicate:
    """The receipt of a rollout."""
    return {
        "at": at.isoformat(),
        "service": release.service,
        "version": release.version,
        "revision": revision_of(release),
        "stack": stack,
        "outcome": outcome,
    }


def drill(release: Release, at: datetime, procedure: str, stack: str, outcome: str, seconds: float) -> Predicate:
    """The receipt of a drill."""
    return {
        "at": at.isoformat(),
        "service": release.service,
        "procedure": procedure,
        "stack": stack,
        "outcome": outcome,
        "seconds": seconds,
    }


def probed(drilled: Predicate, requests: int, failed: int) -> Predicate:
    """The receipt of a drill with what a probe saw during it."""
    return {**drilled, "requests": requests, "failedRequests": failed}


def kill_drill(release: Release, at: datetime, flag: str, stack: str, outcome: str, seconds: float) -> Predicate:
    """The receipt of a drill in which a flag was killed, seen off and resumed."""
    return {**drill(release, at, "kill", stack, outcome, seconds), "flag": flag}


def migration(
    release: Release,
    sources: Sources,
    at: datetime,
    database: str,
    round_trip: bool,
    previous: tuple[Release, bool] | None = None,
) -> Predicate:
    """The receipt of a round trip of the release's migrations; `previous` and whether its tests passed afterwards.

    Raises InputError when a script cannot be read, or there is none.
    """
    problems, runs = [], []
    for source in read_migrations(release, sources):
        scripts = {"up": source.up} if source.down is None else {"up": source.up, "down": source.down}
        problems += [_unreadable(source.id, script) for script in scripts.values() if script.code is not None]
        runs.append({"id": source.id, **{side: script.sha256 for side, script in scripts.items()}})
    if not runs:
        problems.append(Problem("migrations", "has none", "There is nothing to prove"))
    if problems:
        raise InputError(f"{release.service} {release.version}", problems)
    predicate: Predicate = {
        "at": at.isoformat(),
        "database": database,
        "migrations": runs,
        "roundTrip": round_trip,
    }
    if previous is None:
        return predicate
    return predicate | {"previousArtifact": previous[0].artifact.digest, "previousPassed": previous[1]}


def _unreadable(name: str, script: Script) -> Problem:
    return Problem(f"migrations.{name}", f"{script.path}: {script.detail}", "Correct the path")


def _reference(release: Release, sources: Sources) -> Predicate:
    scripts = read_migrations(release, sources)
    problems = [
        _unreadable(source.id, script)
        for source in scripts
        for script in (source.up, source.down)
        if script is not None and script.code is not None
    ]
    if problems:  # a statement about scripts that could not be read would be void as soon as they can be
        raise InputError(f"{release.service} {release.version}", problems)
    return {"service": release.service, "version": release.version, "fingerprint": fingerprint_of(release, scripts)}
