"""A file -> a verified statement: who signed it, which artifacts it names, when, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from slipway.release.evidence import dsse, jsontext, predicates, receipts, sigstore_bundle, vex
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import Digest, Facts, Kind, SignatureFacts
from slipway.release.evidence.files import Content
from slipway.release.evidence.statement import Statement
from slipway.release.evidence.statement import parse as parse_statement
from slipway.release.evidence.trust import Principal, TrustRoots
from slipway.release.evidence.typed import Foreign, read


@dataclass(frozen=True, slots=True)
class Verified:
    """A statement whose signature holds. What its signer may say is judged by the caller."""

    content: Content
    statement: Statement
    principals: tuple[Principal, ...]
    """All who signed it, at least one."""
    method: Literal["key", "sigstore"]

    @property
    def digests(self) -> tuple[Digest, ...]:
        """The artifacts that it is about."""
        return self.statement.digests()


@dataclass(frozen=True, slots=True)
class Said:
    """What a statement says: facts of one kind (or files that it binds), and when it was said."""

    kind: Kind | Literal["results"]
    at: datetime | None
    facts: Facts | None
    files: tuple[receipts.BoundFile, ...] = ()


def verify(content: Content, trust: TrustRoots) -> Verified:
    """Verify a DSSE envelope or a Sigstore bundle. Raises EvidenceError."""
    document = jsontext.load_object(content.data, content.path)
    if sigstore_bundle.is_bundle(document):
        material = document.get("verificationMaterial")
        if isinstance(material, dict) and "publicKey" in material:
            # Signed with a declared key: the bundle's hint is not trusted, the envelope in it is verified.
            payload, signers = dsse.verify(_envelope(document), trust)
            return Verified(content, parse_statement(payload), signers, "key")
        payload, signer = sigstore_bundle.verify(content.data, trust)
        return Verified(content, parse_statement(payload), (signer,), "sigstore")
    if dsse.is_envelope(document):
        payload, signers = dsse.verify(document, trust)
        return Verified(content, parse_statement(payload), signers, "key")
    raise EvidenceError("unsigned", f"{content.path}: neither a DSSE envelope nor a Sigstore bundle")


def is_signed(content: Content) -> bool:
    """Whether a file looks like an envelope or a bundle, so that a report is not mistaken for one."""
    if not jsontext.looks_like_json_object(content.data):
        return False
    try:
        document = jsontext.load_object(content.data, content.path)
    except EvidenceError:
        return False
    return dsse.is_envelope(document) or sigstore_bundle.is_bundle(document)


def read_predicate(statement: Statement, subject: Digest) -> Said:
    """Read the predicate. Raises EvidenceError `unsupported` for a type that is not known, or `malformed`."""
    kind = statement.predicate_type
    if kind == receipts.RESULTS:
        bound = read(receipts.ResultsPredicate, statement.predicate, "results statement")
        return Said("results", bound.at, None, tuple(bound.files))
    if kind == predicates.COSIGN_SIGNATURE:
        return Said("signature", None, SignatureFacts())
    if kind in predicates.OPENVEX or kind in predicates.CYCLONEDX:
        return Said("vex", _vex_time(statement.predicate), vex.parse_document(statement.predicate, subject))
    model = _MODELS.get(kind)
    if model is None:
        raise EvidenceError("unsupported", f"in-toto statement: predicate type {kind} is not known")
    predicate = model(statement.predicate)
    facts = predicate.facts()
    return Said(facts.kind, predicate.at, facts)


class _Predicate(Protocol):
    @property
    def at(self) -> datetime | None: ...

    def facts(self) -> Facts: ...


def _reader(model: type[Foreign], what: str) -> Callable[[dict[str, object]], _Predicate]:
    def parse(value: dict[str, object]) -> _Predicate:
        return read(model, value, what)  # type: ignore[return-value]  # every model below has `at` and `facts`

    return parse


_MODELS: dict[str, Callable[[dict[str, object]], _Predicate]] = {
    predicates.SLSA_PROVENANCE: _reader(predicates.ProvenancePredicate, "SLSA provenance"),
    predicates.SLSA_SUMMARY: _reader(predicates.SummaryPredicate, "SLSA verification summary"),
    predicates.TEST_RESULT: _reader(predicates.TestResultPredicate, "in-toto test-result"),
    predicates.VULNS[0]: _reader(predicates.VulnsPredicate, "in-toto vulns"),
    predicates.VULNS[1]: _reader(predicates.VulnsPredicate, "in-toto vulns"),
    receipts.QA: _reader(receipts.QaPredicate, "QA's recommendation"),
    receipts.APPROVAL: _reader(receipts.ApprovalPredicate, "approval"),
    receipts.STAGING: _reader(receipts.StagingPredicate, "staging receipt"),
    receipts.DRILL: _reader(receipts.DrillPredicate, "drill receipt"),
    receipts.MIGRATION: _reader(receipts.MigrationPredicate, "migration receipt"),
}


_KINDS: dict[str, Kind | Literal["results"]] = {
    predicates.SLSA_PROVENANCE: "provenance",
    predicates.SLSA_SUMMARY: "summary",
    predicates.TEST_RESULT: "tests",
    **dict.fromkeys(predicates.VULNS, "security-scan"),
    **dict.fromkeys((*predicates.OPENVEX, *predicates.CYCLONEDX), "vex"),
    predicates.COSIGN_SIGNATURE: "signature",
    receipts.RESULTS: "results",
    receipts.QA: "qa",
    receipts.APPROVAL: "approval",
    receipts.STAGING: "staging",
    receipts.DRILL: "drill",
    receipts.MIGRATION: "migration",
}


def kind_of_type(predicate_type: str) -> Kind | Literal["results"] | None:
    """What a predicate type is about, None when it is not read."""
    return _KINDS.get(predicate_type)


def _envelope(document: dict[str, object]) -> dict[str, object]:
    envelope = document.get("dsseEnvelope")
    if not isinstance(envelope, dict):
        raise EvidenceError("unsupported", "Sigstore bundle: it signs a file, a signed statement is needed")
    return envelope


def _vex_time(predicate: dict[str, object]) -> datetime | None:
    """When the document was written or last updated, the later one."""
    metadata = predicate.get("metadata")
    beside = metadata.get("timestamp") if isinstance(metadata, dict) else None
    found = [_time(value) for value in (predicate.get("timestamp"), predicate.get("last_updated"), beside)]
    return max((at for at in found if at is not None), default=None)


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
