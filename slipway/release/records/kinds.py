"""The kinds of records beside that of a rollout: a closing, a drill, a refusal by the gates, and a change of flags.

The rule for changes is that of slipway.release.records.release_record.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from slipway.release.evidence.facts import Sha256
from slipway.release.manifest.base import FrozenModel
from slipway.release.records.chain import Line
from slipway.release.records.release_record import RecordBase, ReleaseRecord, ServiceRecord, read_kind

MOST_REFUSALS = 100
"""Findings that one refusal keeps."""


class ClosedPoint(FrozenModel):
    """One point of the checklist with which a release was closed."""

    name: str
    found: str


class ClosureEvent(FrozenModel):
    """A release was closed: every point held."""

    kind: Literal["closure"] = "closure"
    rollout: str
    checklist: tuple[ClosedPoint, ...]
    note: str = ""


class ClosureRecord(ServiceRecord):
    """The closing of one release in the chain."""

    event: ClosureEvent


class DrillEvent(FrozenModel):
    """A procedure was carried out on purpose; the subject of the record is the artifact of its receipt."""

    kind: Literal["drill"] = "drill"
    procedure: Literal["deploy", "rollback", "kill"]
    outcome: Literal["completed", "failed"]
    seconds: float
    problem: str = ""
    """Why it failed."""
    flag: str | None = None
    requests: int | None = None
    """Of a probe during the drill; None where there was none."""
    failed_requests: int | None = None
    receipt: str
    """The file of the signed receipt, as it was named."""
    sha256: Sha256
    """Of that file."""


class DrillRecord(ServiceRecord):
    """A drill in the chain of the service that it was made for."""

    event: DrillEvent


class RefusedBy(FrozenModel):
    """One finding that refused a release."""

    gate: str
    code: str
    field: str
    found: str
    turn: str = ""
    """Whose turn it is."""


class RefusalEvent(FrozenModel):
    """The gates refused a release in the check of a preview or an update; the engine does not say in which."""

    kind: Literal["gates"] = "gates"
    manifest_sha256: Sha256
    configuration: str
    findings: Annotated[tuple[RefusedBy, ...], Field(min_length=1, max_length=MOST_REFUSALS)]


class RefusalRecord(ServiceRecord):
    """A refusal in the chain of the service."""

    event: RefusalEvent


class FlagEvent(FrozenModel):
    """One change of what is in force of a set of flags, as its journal has it."""

    kind: Literal["flag"] = "flag"
    number: int
    """Of the journal."""
    what: Literal["kill", "resume", "expose", "declare", "delete"]
    flag: str | None = None
    before: JsonValue = None
    after: JsonValue = None
    reason: str = ""


class FlagRecord(RecordBase):
    """A change in the chain of a set of flags; `at` is when it was made."""

    flags: str
    """The name of the set."""
    event: FlagEvent


KINDS: Final[tuple[type[RecordBase], ...]] = (ReleaseRecord, ClosureRecord, DrillRecord, RefusalRecord, FlagRecord)
"""Every kind that this version reads."""


def known(lines: Iterable[Line]) -> int:
    """How many of these lines are records of a kind that this version reads."""
    every = list(lines)
    return sum(len(read_kind(every, kind)) for kind in KINDS)


def flag_chain(name: str) -> str:
    """The name of the chain of a set of flags. No service has it: a service's name has no dot."""
    return f"flags.{name}"
