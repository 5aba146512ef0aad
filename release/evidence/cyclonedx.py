"""CycloneDX VEX (1.4 and later): the analyses of the vulnerabilities of one product."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from release.evidence.errors import EvidenceError
from release.evidence.facts import Digest, VexEntry, VexStatus
from release.evidence.purl import oci_digest
from release.evidence.typed import Foreign, read
from release.findings import plain

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

    A vulnerability without an analysis is `under_investigation`. Raises EvidenceError: `malformed`,
    `wrong-digest` when the product of the document, or all that a vulnerability affects, is another artifact.
    """
    read_document = read(_Document, document, "CycloneDX VEX")
    _validate(document, read_document.spec_version)
    component = read_document.metadata.component
    named = component.digests() if component else set()
    if named and subject not in named:
        raise EvidenceError("wrong-digest", f"CycloneDX VEX: it is about {', '.join(sorted(named))}")
    about = [v for v in read_document.vulnerabilities if _is_about(v, subject)]
    if read_document.vulnerabilities and not about:
        raise EvidenceError("wrong-digest", f"CycloneDX VEX: no vulnerability is of {subject}")
    return (_entry(vulnerability) for vulnerability in about)


def _is_about(vulnerability: _Vulnerability, subject: Digest) -> bool:
    digests = {
        digest for entry in vulnerability.affects if (digest := oci_digest(entry.ref.partition("#")[2] or entry.ref))
    }
    return not digests or subject in digests


def _entry(vulnerability: _Vulnerability) -> VexEntry:
    analysis = vulnerability.analysis
    status = _STATUS.get(analysis.state, "affected") if analysis else "under_investigation"
    why = (analysis.justification or analysis.detail or "") if analysis else ""
    if status == "not_affected" and not why:
        raise EvidenceError("malformed", f"CycloneDX VEX: {vulnerability.id} is not affected without a justification")
    return VexEntry(vulnerability=plain(vulnerability.id, 120), status=status, justification=plain(why, 200))


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
