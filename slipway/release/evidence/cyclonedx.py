"""CycloneDX VEX (1.4 and later): the analyses of the vulnerabilities of one product."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import Field

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import MOST_VEX, MOST_VEX_COMPONENTS, WHOLE, Digest, VexEntry, VexStatus
from slipway.release.evidence.purl import oci_digest
from slipway.release.evidence.severity import canonical
from slipway.release.evidence.typed import Foreign, read
from slipway.release.findings import plain

_STATUS: dict[str, VexStatus] = {
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
    "false_positive": "not_affected",
    "not_affected": "not_affected",
}
_READ = {"$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "vulnerabilities"}
_VERSIONS = Literal["1.4", "1.5", "1.6", "1.7"]


class _Hash(Foreign):
    alg: str
    content: str


class _Component(Foreign):
    name: str
    version: str | None = None
    purl: str | None = None
    bom_ref: Annotated[str | None, Field(alias="bom-ref")] = None
    hashes: list[_Hash] = []

    def digests(self) -> set[str]:
        named = {digest for name in (self.purl, self.bom_ref) if name and (digest := oci_digest(name))}
        if self.version and oci_digest(f"x@{self.version}"):
            named.add(self.version)
        return named | {f"sha256:{entry.content.lower()}" for entry in self.hashes if entry.alg == "SHA-256"}


class _Metadata(Foreign):
    component: _Component | None = None


class _Analysis(Foreign):
    state: str
    justification: str | None = None
    detail: str | None = None
    response: list[str] = []


class _Affects(Foreign):
    ref: str


class _Vulnerability(Foreign):
    id: str
    analysis: _Analysis | None = None
    affects: Annotated[list[_Affects], Field(max_length=1000)] = []


class _Document(Foreign):
    spec_version: _VERSIONS
    metadata: _Metadata = _Metadata()
    vulnerabilities: Annotated[list[_Vulnerability], Field(max_length=2000)] = []


def entries(document: dict[str, object], subject: Digest) -> Iterator[VexEntry]:
    """The analyses, after the document was validated against its version's JSON schema.

    A vulnerability without an analysis is `under_investigation`. One whose `affects` names components only is about
    these, not about the whole artifact. Raises EvidenceError: `malformed`, `too-large`, `wrong-digest` when the product
    of the document, or all that a vulnerability affects, is another artifact.
    """
    read_document = read(_Document, document, "CycloneDX VEX")
    _check_size(read_document)
    _validate(document, read_document.spec_version)
    component = read_document.metadata.component
    named = component.digests() if component else set()
    if named and subject not in named:
        raise EvidenceError("wrong-digest", f"CycloneDX VEX: it is about {', '.join(sorted(named))}")
    parts = _Parts(document, component, subject)
    about = [(v, found) for v in read_document.vulnerabilities if (found := parts.of(v)) is not None]
    if read_document.vulnerabilities and not about:
        raise EvidenceError("wrong-digest", f"CycloneDX VEX: no vulnerability is of {subject}")
    return (_entry(vulnerability, found) for vulnerability, found in about)


def _check_size(document: _Document) -> None:
    """Before the schema is looked at: that costs seconds for a large document."""
    if len(document.vulnerabilities) > MOST_VEX:
        said = f"{len(document.vulnerabilities)} vulnerabilities, at most {MOST_VEX} are recorded"
        raise EvidenceError("too-large", f"CycloneDX VEX: {said}")
    places = sum(len(vulnerability.affects) for vulnerability in document.vulnerabilities)
    if places > MOST_VEX_COMPONENTS:
        raise EvidenceError("too-large", f"CycloneDX VEX: {places} affected parts, at most {MOST_VEX_COMPONENTS}")


class _Parts:
    """What the references of `affects` stand for: the artifact itself, another one, or a component."""

    def __init__(self, document: dict[str, object], product: _Component | None, subject: Digest) -> None:
        self._subject = subject
        self._product = {ref for ref in (product.bom_ref, product.purl) if ref} if product else set()
        self._purls = dict(_purls(document.get("components")))

    def of(self, vulnerability: _Vulnerability) -> tuple[str, ...] | None:
        """The components that it is about, empty for the whole artifact; None when it is about other artifacts."""
        found = [self._part(entry.ref) for entry in vulnerability.affects]
        parts = [part for part in found if part is not None]
        if found and not parts:
            return None
        return () if not parts or WHOLE in parts else tuple(parts)

    def _part(self, reference: str) -> str | None:
        ref = reference.partition("#")[2] if reference.startswith("urn:cdx:") else reference
        ref = ref or reference
        digest = oci_digest(ref) or oci_digest(unquote(ref))
        if digest is not None:
            return WHOLE if digest == self._subject else None
        if ref in self._product or unquote(ref) in self._product:
            return WHOLE
        return plain(self._purls.get(ref) or self._purls.get(unquote(ref)) or unquote(ref), 200)


def _purls(components: object) -> Iterator[tuple[str, str]]:
    """`bom-ref` -> package URL of every component, nested ones too."""
    waiting = list(components) if isinstance(components, list) else []
    while waiting:
        one = waiting.pop()
        if not isinstance(one, dict):
            continue
        ref, purl, below = one.get("bom-ref"), one.get("purl"), one.get("components")
        if isinstance(ref, str) and isinstance(purl, str):
            yield ref, purl
        waiting += below if isinstance(below, list) else []


def _entry(vulnerability: _Vulnerability, components: tuple[str, ...]) -> VexEntry:
    analysis = vulnerability.analysis
    status = _STATUS.get(analysis.state, "affected") if analysis else "under_investigation"
    why = (analysis.justification or analysis.detail or "") if analysis else ""
    if status == "not_affected" and not why:
        raise EvidenceError("malformed", f"CycloneDX VEX: {vulnerability.id} is not affected without a justification")
    return VexEntry(
        vulnerability=canonical(plain(vulnerability.id, 120)),
        status=status,
        justification=plain(why, 200),
        components=components,
    )


def _validate(document: dict[str, object], version: str) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonValidator

    # Only what is read is validated: components and dependencies of a large BOM cost minutes and decide nothing.
    part = {key: value for key, value in document.items() if key in _READ}
    try:
        failed = JsonValidator(SchemaVersion.from_version(version)).validate_str(json.dumps(part))
    except RecursionError:
        raise EvidenceError("malformed", "CycloneDX VEX: nested too deeply") from None
    if failed is not None:
        raise EvidenceError("malformed", f"CycloneDX VEX: against the schema of {version}: {_reason(failed.data)}")


def _reason(data: object) -> str:
    where = ".".join(str(part) for part in getattr(data, "absolute_path", ()))
    return f"{where or 'document'}: {plain(getattr(data, 'message', data), 160)}"
