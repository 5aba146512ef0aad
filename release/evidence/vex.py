"""What the VEX readers have in common: whose word counts when two entries disagree, and telling the formats apart."""

from __future__ import annotations

from collections.abc import Iterable

from release.evidence import cyclonedx, jsontext, openvex
from release.evidence.errors import EvidenceError
from release.evidence.facts import MOST_VEX, Digest, VexEntry, VexFacts

_BADNESS = ("not_affected", "fixed", "under_investigation", "affected")


def parse(data: bytes, subject: Digest) -> VexFacts:
    """Read CycloneDX VEX or OpenVEX about the artifact `subject`.

    Raises EvidenceError: `wrong-digest` when the document names other artifacts only, `empty` without an entry.
    """
    return parse_document(jsontext.load_object(data, "VEX"), subject)


def parse_document(document: dict[str, object], subject: Digest) -> VexFacts:
    """As `parse`, of JSON that was read already (the predicate of a statement)."""
    if document.get("bomFormat") == "CycloneDX":
        return _facts(cyclonedx.entries(document, subject))
    if str(document.get("@context", "")).startswith("https://openvex.dev/ns"):
        return _facts(openvex.entries(document, subject))
    raise EvidenceError("malformed", "VEX: neither CycloneDX (bomFormat) nor OpenVEX (@context)")


def _facts(entries: Iterable[VexEntry]) -> VexFacts:
    worst: dict[str, VexEntry] = {}
    for entry in entries:
        before = worst.get(entry.vulnerability)
        if before is None or _BADNESS.index(entry.status) > _BADNESS.index(before.status):
            worst[entry.vulnerability] = entry
    if not worst:
        raise EvidenceError("empty", "VEX: no statement about a vulnerability")
    if len(worst) > MOST_VEX:
        raise EvidenceError("too-large", f"VEX: {len(worst)} vulnerabilities, at most {MOST_VEX} are recorded")
    return VexFacts(entries=tuple(worst[key] for key in sorted(worst)))
