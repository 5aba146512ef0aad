"""OpenVEX 0.0.1 and 0.2: statements of a supplier about vulnerabilities in products."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import WHOLE, Digest, VexEntry, VexStatus
from slipway.release.evidence.purl import oci_digest
from slipway.release.evidence.severity import canonical
from slipway.release.evidence.typed import Foreign, read
from slipway.release.findings import plain

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


class _Named(_Snake):
    id: Annotated[str | None, Field(alias="@id")] = None
    identifiers: dict[str, str] = {}
    hashes: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _text_is_the_id(cls, value: Any) -> Any:  # noqa: ANN401 - JSON is anything
        """OpenVEX 0.0.1 writes identifiers as they are."""
        return {"@id": value} if isinstance(value, str) else value

    def shown(self) -> str:
        """The identifier that says most: a package URL, else the id, else a hash."""
        hashed = (f"{kind}:{value}" for kind, value in self.hashes.items())
        named = [self.identifiers.get("purl"), self.id, *self.identifiers.values(), *hashed]
        return next((name for name in named if name), "")


class _Product(_Named):
    subcomponents: Annotated[list[_Named], Field(max_length=1000)] = []
    """When there are some, the statement is about these parts of the product and says nothing of the rest."""

    def digests(self) -> set[str]:
        named = [self.id or "", *self.identifiers.values()]
        found = {digest for name in named if (digest := oci_digest(name))}
        return found | {f"sha256:{value.lower()}" for key, value in self.hashes.items() if key == "sha-256"}


class _Vulnerability(_Snake):
    name: Annotated[str, Field(min_length=1)]
    aliases: list[str] = []

    @model_validator(mode="before")
    @classmethod
    def _text_is_the_name(cls, value: Any) -> Any:  # noqa: ANN401 - JSON is anything
        """As in OpenVEX 0.0.1."""
        return {"name": value} if isinstance(value, str) else value


class _Statement(_Snake):
    vulnerability: _Vulnerability
    products: Annotated[list[_Product], Field(max_length=1000)] = []
    subcomponents: Annotated[list[_Named], Field(max_length=1000)] = []
    """Where OpenVEX 0.0.1 has those of all products."""
    status: VexStatus
    justification: _JUSTIFICATIONS | None = None
    impact_statement: str | None = None
    action_statement: str | None = None
    timestamp: _Time | None = None
    last_updated: _Time | None = None


class _Document(_Snake):
    author: Annotated[str, Field(min_length=1)]
    timestamp: _Time
    version: int | str
    statements: Annotated[list[_Statement], Field(max_length=2000)]


def entries(document: dict[str, object], subject: Digest) -> Iterator[VexEntry]:
    """The entries about `subject` and its components; the latest statement on a part replaces earlier ones.

    A statement about the whole artifact is about each component too. A statement without products inherits the
    document's subject, so it counts only where the document as a whole is bound by a signed statement, which the
    caller has seen to. Raises EvidenceError `malformed`, `wrong-digest`.
    """
    read_document = read(_Document, document, "OpenVEX")
    about = [s for s in read_document.statements if not s.products or _names(s, subject)]
    if read_document.statements and not about:
        raise EvidenceError("wrong-digest", f"OpenVEX: no statement is about {subject}")
    latest: dict[str, dict[str, _Latest]] = {}
    for statement in about:
        _complete(statement)
        at = statement.last_updated or statement.timestamp or read_document.timestamp
        parts = _parts(statement, subject)
        for name in {canonical(name) for name in (statement.vulnerability.name, *statement.vulnerability.aliases)}:
            by_part = latest.setdefault(name, {})
            for part in parts:
                by_part[part] = _later(by_part.get(part), (at, [statement]))
    return (
        _entry(name, part, statement)
        for name, by_part in latest.items()
        for part, own in by_part.items()
        for statement in _later(by_part.get(WHOLE) if part != WHOLE else None, own)[1]
    )


_Latest = tuple[datetime, list[_Statement]]


def _later(one: _Latest | None, other: _Latest) -> _Latest:
    """The later ones of two groups of statements, both when they are of the same time."""
    if one is None or one[0] < other[0]:
        return other
    return one if one[0] > other[0] else (one[0], [*one[1], *other[1]])


def _parts(statement: _Statement, subject: Digest) -> frozenset[str]:
    """The components that a statement is about, or only `WHOLE`. Raises EvidenceError when one has no identifier."""
    products = [product for product in statement.products if subject in product.digests()]
    shared = statement.subcomponents
    parts = [part for product in products for part in product.subcomponents]
    parts += shared
    if not parts or any(not (product.subcomponents or shared) for product in products):
        return frozenset({WHOLE})
    names = frozenset(plain(part.shown(), 200) for part in parts)
    if "" in names:
        raise EvidenceError("malformed", "OpenVEX: a subcomponent without an identifier")
    return names


def _names(statement: _Statement, subject: Digest) -> bool:
    return any(subject in product.digests() for product in statement.products)


def _complete(statement: _Statement) -> None:
    if statement.status == "not_affected" and not (statement.justification or statement.impact_statement):
        raise EvidenceError(
            "malformed", f"OpenVEX: {statement.vulnerability.name} is not_affected without a justification"
        )


def _entry(name: str, part: str, statement: _Statement) -> VexEntry:
    why = statement.justification or statement.impact_statement or statement.action_statement or ""
    return VexEntry(
        vulnerability=plain(name, 120),
        status=statement.status,
        justification=plain(why, 200),
        components=() if part == WHOLE else (part,),
    )
