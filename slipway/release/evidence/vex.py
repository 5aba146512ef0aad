"""What the VEX readers have in common: which entry counts when two disagree, and how the formats are told apart."""

from __future__ import annotations

from collections.abc import Iterable

from slipway.release.evidence import cyclonedx, jsontext, openvex
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import MOST_VEX, MOST_VEX_COMPONENTS, VEX_BADNESS, WHOLE, Digest, VexEntry, VexFacts


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
    """One entry for each vulnerability and status; a component that two entries name has the worse status."""
    worst: dict[tuple[str, str], VexEntry] = {}
    for entry in entries:
        for component in entry.components or (WHOLE,):
            key = (entry.vulnerability, component)
            before = worst.get(key)
            if before is None or VEX_BADNESS.index(entry.status) > VEX_BADNESS.index(before.status):
                worst[key] = entry
            if len(worst) > MOST_VEX + MOST_VEX_COMPONENTS:
                raise EvidenceError("too-large", f"VEX: more than {MOST_VEX_COMPONENTS} components are named")
    if not worst:
        raise EvidenceError("empty", "VEX: no statement about a vulnerability")
    joined: dict[tuple[str, str, bool], tuple[VexEntry, list[str]]] = {}
    for (name, component), entry in sorted(worst.items(), key=lambda one: one[0]):
        _, components = joined.setdefault((name, entry.status, component == WHOLE), (entry, []))
        components += [component] if component != WHOLE else []
    if len(joined) > MOST_VEX:
        raise EvidenceError("too-large", f"VEX: {len(joined)} vulnerabilities, at most {MOST_VEX} are recorded")
    return VexFacts(
        entries=tuple(entry.model_copy(update={"components": tuple(c)}) for _, (entry, c) in sorted(joined.items()))
    )
