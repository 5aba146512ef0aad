"""OpenVEX 0.2: statements of a supplier about vulnerabilities in products."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from release.evidence.errors import EvidenceError
from release.evidence.facts import Digest, VexEntry, VexStatus
from release.evidence.purl import oci_digest
from release.evidence.typed import Foreign, read
from release.findings import plain

_JUSTIFICATIONS = Literal[
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
]
_Time = Annotated[AwareDatetime, Field(strict=False)]


class _Snake(Foreign):
    model_config = Foreign.model_config | {"alias_generator": None}


class _Product(_Snake):
    id: Annotated[str | None, Field(alias="@id")] = None
    identifiers: dict[str, str] = {}
    hashes: dict[str, str] = {}

    def digests(self) -> set[str]:
        named = [self.id or "", *self.identifiers.values()]
        found = {digest for name in named if (digest := oci_digest(name))}
        return found | {f"sha256:{value.lower()}" for key, value in self.hashes.items() if key == "sha-256"}


class _Vulnerability(_Snake):
    name: Annotated[str, Field(min_length=1)]
    aliases: list[str] = []


class _Statement(_Snake):
    vulnerability: _Vulnerability
    products: Annotated[list[_Product], Field(max_length=1000)] = []
    status: VexStatus
    justification: _JUSTIFICATIONS | None = None
    impact_statement: str | None = None
    action_statement: str | None = None
    timestamp: _Time | None = None
    last_updated: _Time | None = None


class _Document(_Snake):
    author: Annotated[str, Field(min_length=1)]
    timestamp: _Time
    version: int
    statements: Annotated[list[_Statement], Field(max_length=2000)]


def entries(document: dict[str, object], subject: Digest) -> Iterator[VexEntry]:
    """The entries about `subject`; the latest statement on a vulnerability replaces earlier ones.

    A statement without products inherits the document's subject, so it counts only where the document as a whole
    is bound by a signed statement, which the caller has seen to. Raises EvidenceError `malformed`, `wrong-digest`.
    """
    read_document = read(_Document, document, "OpenVEX")
    about = [s for s in read_document.statements if not s.products or _names(s, subject)]
    if read_document.statements and not about:
        raise EvidenceError("wrong-digest", f"OpenVEX: no statement is about {subject}")
    latest: dict[str, tuple[datetime, list[_Statement]]] = {}
    for statement in about:
        _complete(statement)
        at = statement.last_updated or statement.timestamp or read_document.timestamp
        for name in {statement.vulnerability.name, *statement.vulnerability.aliases}:
            before = latest.get(name)
            if before is None or at > before[0]:
                latest[name] = (at, [statement])
            elif at == before[0]:
                before[1].append(statement)
    return (_entry(name, one) for name, (_, statements) in latest.items() for one in statements)


def _names(statement: _Statement, subject: Digest) -> bool:
    return any(subject in product.digests() for product in statement.products)


def _complete(statement: _Statement) -> None:
    if statement.status == "not_affected" and not (statement.justification or statement.impact_statement):
        raise EvidenceError(
            "malformed", f"OpenVEX: {statement.vulnerability.name} is not_affected without a justification"
        )


def _entry(name: str, statement: _Statement) -> VexEntry:
    why = statement.justification or statement.impact_statement or statement.action_statement or ""
    return VexEntry(vulnerability=plain(name, 120), status=statement.status, justification=plain(why, 200))
