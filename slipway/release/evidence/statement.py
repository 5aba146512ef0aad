"""in-toto Statements (v1, and v0.1 as cosign still writes): which artifacts, which predicate."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from slipway.release.evidence import jsontext
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import Digest
from slipway.release.evidence.typed import Foreign, read

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"

_HEX = frozenset("0123456789abcdef")


class Subject(Foreign):
    """A ResourceDescriptor of which the digest counts; the name is only a label."""

    name: str | None = None
    digest: Annotated[dict[str, str], Field(min_length=1)]


class Statement(Foreign):
    """The signed payload."""

    type: Annotated[
        Literal["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"], Field(alias="_type")
    ]
    subject: Annotated[list[Subject], Field(min_length=1, max_length=1000)]
    predicate_type: Annotated[str, Field(min_length=1, max_length=300)]
    predicate: dict[str, object]

    def digests(self) -> tuple[Digest, ...]:
        """`sha256:<hex>` of every subject that has one."""
        found = (subject.digest.get("sha256", "").lower() for subject in self.subject)
        return tuple(f"sha256:{value}" for value in found if len(value) == 64 and set(value) <= _HEX)


def parse(payload: bytes) -> Statement:
    """Read a payload whose signature was verified. Raises EvidenceError `malformed`."""
    statement = read(Statement, jsontext.load_object(payload, "in-toto statement"), "in-toto statement")
    if not statement.digests():
        raise EvidenceError("unbound", "in-toto statement: no subject has a sha256 digest")
    return statement
