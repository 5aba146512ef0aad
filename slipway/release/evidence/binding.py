"""What a signer may say, and which statement ties a report to the artifact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import (
    ApprovalFacts,
    Digest,
    DrillFacts,
    Facts,
    Kind,
    QaFacts,
    ReleaseReference,
    StagingFacts,
)
from slipway.release.evidence.files import Content
from slipway.release.evidence.model import Binding
from slipway.release.evidence.receipts import BoundFile
from slipway.release.evidence.trust import Principal
from slipway.release.evidence.verify import Verified
from slipway.release.manifest.release import Release
from slipway.release.people import known_as


@dataclass(frozen=True, slots=True)
class Tie:
    """One line of a results statement: this file is this kind of report about these artifacts."""

    verified: Verified
    at: datetime
    file: BoundFile


def signer(verified: Verified, kind: Kind, at: datetime | None, by: str = "", service: str | None = None) -> Principal:
    """The principal among the signers who may say `kind` of `service`, the one called `by` before others.

    Raises EvidenceError `not-allowed` or `untrusted`.
    """
    allowed = [principal for principal in verified.principals if kind in principal.may]
    if not allowed:
        names = ", ".join(principal.name for principal in verified.principals)
        raise EvidenceError("not-allowed", f"{names} signed it and may not vouch for {kind}")
    if service is not None and not any(principal.speaks_of(service) for principal in allowed):
        limited = ", ".join(f"{principal.name} (of {', '.join(principal.services)})" for principal in allowed)
        raise EvidenceError("not-allowed", f"{limited} signed it and may not vouch for {kind} of {service}")
    allowed = [principal for principal in allowed if service is None or principal.speaks_of(service)]
    current = [p for p in allowed if p.until is None or (at is not None and at <= p.until)]
    if not current:
        raise EvidenceError("untrusted", f"the credential of {allowed[0].name} was retired before the statement's time")
    return next((p for p in current if known_as(p.name) == known_as(by)), current[0])


def bind(
    content: Content, kind: Kind, subject: Digest, ties: Iterable[Tie], service: str | None = None
) -> tuple[Tie, Principal]:
    """The latest statement that ties a report to `subject`.

    Raises EvidenceError: `unbound`, `wrong-digest`, `not-allowed`, `untrusted`.
    """
    known = list(ties)
    naming = [tie for tie in known if tie.file.sha256 == content.sha256 and tie.file.kind == kind]
    if not naming:
        raise EvidenceError("unbound", _why_unbound(content, kind, known))
    about = [tie for tie in naming if subject in tie.verified.digests]
    if not about:
        others = ", ".join(sorted({digest for tie in naming for digest in tie.verified.digests})[:3])
        raise EvidenceError("wrong-digest", f"{content.path} is bound to {others}, not to {subject}")
    latest = max(about, key=lambda tie: tie.at)
    return latest, signer(latest.verified, kind, latest.at, service=service)


def _why_unbound(content: Content, kind: Kind, ties: list[Tie]) -> str:
    if any(tie.file.sha256 == content.sha256 for tie in ties):
        return f"a signed statement names {content.path}, but not as {kind}"
    name = PurePosixPath(content.path).name
    if any(PurePosixPath(tie.file.name).name == name for tie in ties if tie.file.name):
        return f"a signed statement names {name} with another hash: the file was changed after it was signed"
    return f"no signed statement names the hash of {content.path}"


def check_subject(verified: Verified, facts: Facts, subject: Digest) -> Digest:
    """The artifact that a statement counts for. A drill is about the service, so any artifact of it will do."""
    if subject in verified.digests:
        return subject
    if isinstance(facts, DrillFacts):
        return verified.digests[0]
    raise EvidenceError("wrong-digest", f"it is about {', '.join(verified.digests[:3])}, not about {subject}")


def check_release(facts: Facts, release: Release, fingerprint: Digest, principal: Principal) -> None:
    """What people said must be about this release as it is now, by its fingerprint, and in their own name. Raises
    EvidenceError."""
    if isinstance(facts, QaFacts | ApprovalFacts):
        _check_reference(facts.release, release, fingerprint)
    check_person(facts, principal)
    if isinstance(facts, StagingFacts | DrillFacts) and facts.service != release.service:
        raise EvidenceError("wrong-release", f"it is about the service {facts.service}, not {release.service}")


def check_person(facts: Facts, principal: Principal) -> None:
    """People speak in their own name, and approve in their own roles. Raises EvidenceError."""
    if isinstance(facts, QaFacts | ApprovalFacts) and known_as(facts.by) != known_as(principal.name):
        raise EvidenceError("not-allowed", f"it says that {facts.by} speaks, but {principal.name} signed it")
    if isinstance(facts, ApprovalFacts) and facts.role not in principal.roles:
        raise EvidenceError("not-allowed", f"{principal.name} may not approve as {facts.role}")


def _check_reference(reference: ReleaseReference, release: Release, fingerprint: Digest) -> None:
    said, wanted = (reference.service, reference.version), (release.service, release.version)
    if said != wanted:
        raise EvidenceError("wrong-release", f"it is about {' '.join(said)}, not {' '.join(wanted)}")
    if reference.fingerprint != fingerprint:
        scripts = " or a script of its migrations" if release.migrations else ""
        raise EvidenceError("wrong-release", f"the manifest{scripts} was changed after it was signed")


def binding(verified: Verified, principal: Principal) -> Binding:
    """The record of who tied the evidence to the artifact."""
    return Binding(
        signer=principal.name,
        method=verified.method,
        statement=verified.content.path,
        sha256=verified.content.sha256,
    )
