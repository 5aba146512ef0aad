"""The inputs of the resource `slipway:index:Release`: the contract between the program, the provider and the gates.

The program says which manifest it releases; the provider's check adds what only it can know (`observed`) and the
evidence as it reads it (`evidence`), and overwrites whatever a program writes there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from slipway.release.declared import DeclaredRelease
from slipway.release.evidence.facts import Digest, Sha256
from slipway.release.evidence.migration_files import MigrationSource
from slipway.release.evidence.model import EvidenceRecord
from slipway.release.findings import Text
from slipway.release.fingerprint import fingerprint_of
from slipway.release.manifest.base import FrozenModel
from slipway.release.readiness.gate_input import BudgetStatus, ObservedArtifact
from slipway.release.records.released import ReleasedVersion
from slipway.release.risk import recommend
from slipway.release.strategy import chosen
from slipway.release.target import Target, Targeted

JUDGED_KEPT = 100


class GateSetting(FrozenModel):
    """The stack setting `gates`. Unless it is turned off, the gates are enforced with or without the pack."""

    mode: Literal["enforce", "off"] = "enforce"
    config: str | None = None
    """Path of the gates' configuration in the project; `policies/config/<stack>.json` when left out."""
    reason: Annotated[str, Field(min_length=10)] | None = None
    """Why they are off."""

    @model_validator(mode="after")
    def _off_needs_a_reason(self) -> GateSetting:
        if self.mode == "off" and self.reason is None:
            raise ValueError("gates that are off need a reason of 10 characters or more")
        if self.mode == "enforce" and self.reason is not None:
            raise ValueError("a reason is given for gates that are off; these are enforced")
        if self.config is not None and (PurePosixPath(self.config).is_absolute() or ".." in self.config.split("/")):
            raise ValueError("config must be a path inside the project")
        return self

    def path(self, stack: str) -> str:
        """The configuration file of a stack, in the project."""
        return self.config or own_configuration(stack)

    def notice(self, stack: str) -> str | None:
        """What a plan must show: gates that are off, or another stack's. None when all is usual."""
        if self.mode == "off":
            return f"THE GATES OF {stack} ARE OFF: {self.reason}. Releases are recorded as not judged"
        if self.path(stack) != own_configuration(stack):
            return f"THE GATES OF {stack} ARE THOSE OF {self.path(stack)}, not {own_configuration(stack)}"
        return None


def own_configuration(stack: str) -> str:
    """The configuration of the gates that is a stack's own, in the project. The stack's name only, no organisation."""
    return f"policies/config/{stack.rpartition('/')[2]}.json"


class Observed(FrozenModel):
    """What the gates need and the manifest does not hold; absent is unknown, and unknown is refused."""

    settled: bool = False
    """These very bytes were judged in this stack before, and their revision completed here."""
    first: bool = False
    """Nothing of this service ever completed here, and that is known."""
    previous: ReleasedVersion | None = None
    """The last good release of the service in this stack."""
    artifact: ObservedArtifact | None = None
    budget: BudgetStatus | None = None
    judged: Annotated[tuple[Sha256, ...], Field(max_length=JUDGED_KEPT)] = ()
    """Manifests that passed here, the newest last: a rollback goes by what was recorded."""
    completed: Annotated[int, Field(ge=0)] | None = None
    """How many revisions of the service completed here; None when the journal was not asked."""
    aborted: Annotated[int, Field(ge=0)] | None = None
    """How many were aborted and not tried again with success."""


class ReleaseInputs(Targeted):
    """One release of one service, as the stack's state and history keep it."""

    service: str
    manifest: str
    """Path in the project."""
    sha256: Sha256
    """Of the manifest's bytes."""
    version: str
    revision: str
    image: str
    fingerprint: Digest
    summary: str
    strategy: str
    owner: str
    """The team and its on-call page."""
    risk: Text = ""
    """Level, score, and the recommended strategy with its reasons."""
    gates: GateSetting = GateSetting()
    observed: Observed | None = None
    evidence: EvidenceRecord | None = None

    @classmethod
    def of(
        cls,
        declared: DeclaredRelease,
        target: Target,
        gates: GateSetting,
        migrations: Sequence[MigrationSource] = (),
    ) -> ReleaseInputs:
        """What the program declares; `migrations` are the scripts of the release, as they are read beside it."""
        release = declared.release
        return cls(
            service=release.service,
            target=target.at(release.service),
            manifest=declared.path,
            sha256=declared.sha256,
            version=release.version,
            revision=declared.revision,
            image=release.artifact.image,
            fingerprint=fingerprint_of(release, migrations),
            summary=release.scope.summary,
            strategy=chosen(release).kind,
            owner=f"{release.owner.team}, {release.owner.oncall}",
            risk=recommend(release).describe(),
            gates=gates,
        )

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON values with camelCase keys, None left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
