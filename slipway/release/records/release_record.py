"""One release record: what a finished rollout was, enough of it to write its report without any other source.

Rule for changes of this model: a new field has a default, and an older Slipway ignores it. A new kind of event is a
class of its own in `slipway.release.records.kinds`; versions that do not know it leave such records out of what they
list, and still verify the chain, which is about the lines and not about this model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from slipway.release.evidence.facts import Sha256
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.plan import Kind
from slipway.release.manifest.release import Release
from slipway.release.records.chain import HASH, Anchor, Line
from slipway.release.records.journal import Drill, StepRecord
from slipway.release.records.released import ReleasedVersion
from slipway.release.units import Percent

FORMAT = 1
MOST_EVIDENCE = 100

Ending = Literal["committed", "rolled-back", "aborted", "interrupted", "refused"]
"""`rolled-back` is a commit of a version that completed here before; `interrupted` ended without a verdict."""


class GuardrailSeries(FrozenModel):
    """One guardrail over the rollout, in columns that are as long as `Series.at`. A number is None where nothing was
    recorded. Counts are of one stretch each, `p95` is in seconds and for latency only."""

    name: str
    kind: str
    bad: tuple[int | None, ...]
    total: tuple[int | None, ...]
    baseline_bad: tuple[int | None, ...]
    baseline_total: tuple[int | None, ...]
    evidence: tuple[float | None, ...]
    threshold: tuple[float | None, ...]
    p95: tuple[float | None, ...] = ()
    baseline_p95: tuple[float | None, ...] = ()


class Series(FrozenModel):
    """What was measured, in few stretches: `at` is the end of each in seconds since the rollout began, `weight` the
    candidate's percentage in it."""

    at: tuple[float, ...] = ()
    weight: tuple[Percent, ...] = ()
    guardrails: tuple[GuardrailSeries, ...] = ()


class GateOutcome(FrozenModel):
    """What the gates said: the verdict as the Release resource keeps it, and the configuration they had."""

    outcome: str
    gates: tuple[str, ...] = ()
    advisory: tuple[str, ...] = ()
    exempted: tuple[dict[str, str], ...] = ()
    reason: str = ""
    """Why they were off."""
    configuration: str | None = None
    """Path of the gates' configuration in the project."""
    sha256: Sha256 | None = None
    """Of that file."""


class EvidenceLine(FrozenModel):
    """One piece of evidence that was verified: where it is, what it is and who signed for it."""

    kind: str
    path: str
    sha256: Sha256
    signer: str
    at: str | None = None
    said: str = ""
    """What it says, of the receipt of a drill."""


class RolloutEvent(FrozenModel):
    """One finished rollout; times are Unix seconds."""

    kind: Literal["rollout"] = "rollout"
    rollout: str
    """Its id in the journal; of a refused one an id of its own."""
    ending: Ending
    course: Kind | None = None
    """Whether it was the first release, a forward one or a return; None of a refused one."""
    strategy: str
    began: float
    ended: float
    ended_by: str = "executor"
    """`executor`, `watchdog`, `repair`, `abort`."""
    reason: str = ""
    retry_reason: str | None = None
    leaves: ReleasedVersion | None = None
    """What served before."""
    standby: str | None = None
    """Version that is kept warm."""
    steps: tuple[StepRecord, ...] = ()
    notes: tuple[str, ...] = ()
    caveat: str = ""
    quarantined: bool = False
    drill: Drill | None = None
    """It rehearsed this procedure (`slipway drill`), and was no release."""
    series: Series = Series()
    gates: GateOutcome | None = None
    evidence: Annotated[tuple[EvidenceLine, ...], Field(max_length=MOST_EVIDENCE)] = ()
    manifest_sha256: Sha256 | None = None
    fingerprint: str | None = None
    declared: dict[str, Any] | None = None
    """The manifest as it was understood, None where it could not be read any more."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, self.ended - self.began)

    @property
    def had_traffic(self) -> bool:
        """Whether the new version was given any traffic of users."""
        return any(step.weight > 0 for step in self.steps)

    @property
    def release(self) -> Release | None:
        """The manifest; None where it was not recorded, or another version wrote what this one cannot read."""
        if self.declared is None:
            return None
        try:
            return Release.model_validate(self.declared, extra="ignore")
        except ValidationError:
            return None


class RecordBase(FrozenModel):
    """What every record says, whatever happened and to what."""

    format: int = FORMAT
    seq: int = 0
    previous: str = ""
    at: float
    """When it was written, in Unix seconds."""
    by: str
    """Who ran the update, as the machine names them."""
    stack: str
    """`project/stack`."""
    target: str
    """The place of what it is about, as `slipway status` names it."""

    def to_content(self) -> dict[str, Any]:
        """Plain JSON values for the chain, which fills in seq, previous and hash."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class ServiceRecord(RecordBase):
    """A record in the chain of a service."""

    service: str
    subject: ReleasedVersion
    digest: str
    """Of the artifact, `sha256:<hex>`; with `subject.revision` what a record is found by."""


class ReleaseRecord(ServiceRecord):
    """One rollout in the chain."""

    event: RolloutEvent


class Recorded(FrozenModel):
    """A record with its place in the chain."""

    anchor: Anchor
    record: ReleaseRecord

    @property
    def event(self) -> RolloutEvent:
        """What happened."""
        return self.record.event


def read_records(lines: Iterable[Line]) -> list[Recorded]:
    """The records of rollouts in these lines that this version understands, the oldest first. That lines are whole is
    asked of `chain.problems`."""
    return [Recorded(anchor=anchor, record=record) for anchor, record in read_kind(lines, ReleaseRecord)]


R = TypeVar("R", bound=RecordBase)


def read_kind(lines: Iterable[Line], kind: type[R]) -> list[tuple[Anchor, R]]:
    """The records of one kind with their places in the chain, the oldest first."""
    found = ((line.anchor, read_as(line.content, kind)) for line in lines)
    return [(anchor, record) for anchor, record in found if record is not None]


def read_as(content: Mapping[str, Any], kind: type[R]) -> R | None:
    """One record of this kind; None where it is another or of a form that this version does not know."""
    try:
        return kind.model_validate({key: value for key, value in content.items() if key != HASH}, extra="ignore")
    except ValidationError:
        return None


def digest_of(image: str) -> str:
    """`registry/name@sha256:abc` -> `sha256:abc`."""
    return image.rpartition("@")[2]
