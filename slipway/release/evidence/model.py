"""The normalised evidence of one release: what the `slipway:index:Release` resource records."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, Field

from slipway.release.evidence.errors import Code
from slipway.release.evidence.facts import Digest, Facts, Kind, Sha256
from slipway.release.findings import Text
from slipway.release.manifest.base import FrozenModel

MOST_ITEMS = 100

_F = TypeVar("_F", bound=FrozenModel)


class Binding(FrozenModel):
    """Who tied the evidence to the artifact, with which signed statement."""

    signer: Text
    """Name of the principal in the trust roots."""
    method: Literal["key", "sigstore"]
    statement: Text
    """Path of the signed statement."""
    sha256: Sha256
    """Of the statement's file."""


class Item(FrozenModel):
    """One piece of evidence that was read, verified and found to be about `subject`."""

    field: Text
    """Where the manifest names it, such as `evidence.tests[0]`."""
    path: Text
    sha256: Sha256
    subject: Digest
    """Digest of the artifact that the signed statement names."""
    at: AwareDatetime | None
    """When, as the signer says; None where the format has no time and the signer gave none."""
    binding: Binding
    facts: Facts


class Rejected(FrozenModel):
    """One file that the manifest names and that is no evidence."""

    field: Text
    path: Text
    kind: Kind | None
    """None when the file could not even be recognised."""
    code: Code
    detail: Text
    remedy: Text = ""
    """What the reader advises; empty for what the code says."""


class EvidenceRecord(FrozenModel):
    """All the evidence of one release: what holds and what was rejected. Its JSON is at most a few 100 KiB."""

    subject: Digest
    """The artifact of the manifest."""
    fingerprint: Digest
    items: Annotated[tuple[Item, ...], Field(max_length=MOST_ITEMS)] = ()
    rejected: Annotated[tuple[Rejected, ...], Field(max_length=MOST_ITEMS)] = ()

    def of(self, facts: type[_F]) -> tuple[tuple[Item, _F], ...]:
        """The items whose facts are of one type, each beside its facts."""
        return tuple((item, item.facts) for item in self.items if isinstance(item.facts, facts))

    def rejections(self, kind: Kind) -> tuple[Rejected, ...]:
        """What was rejected of one kind."""
        return tuple(entry for entry in self.rejected if entry.kind == kind)

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON values with camelCase keys, None left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
