"""The kinds of records beside that of a rollout: a closing, a drill, a refusal by the gates, a watch, and a change of
flags.

The rule for changes is that of slipway.release.records.release_record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, JsonValue

from slipway.release.evidence.facts import Sha256
from slipway.release.manifest.base import FrozenModel
from slipway.release.records.chain import Line
from slipway.release.records.release_record import RecordBase, ReleaseRecord, ServiceRecord, read_as
from slipway.release.units import Fraction, Seconds

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


class WatchCount(FrozenModel):
    """What a watch counted of one guardrail from the commit on, and how much stood against the release at the end."""

    name: str
    bad: int
    total: int
    baseline_bad: int = 0
    """Of the hold-back; 0 of 0 without one."""
    baseline_total: int = 0
    evidence: float | None = None
    threshold: float | None = None
    """None for what counts nothing, such as an alert."""
    sampled: float | None = None
    """About the share of the clients that was counted in the end, on both sides alike; None for all of them."""
    betting: float | None = None
    """The same of the clients whose failures were evidence in the end."""

    @property
    def sample(self) -> str:
        """In words, where it is not all of the clients."""
        counted = f"in the end about {self.sampled:.2g} of the clients were counted" if self.sampled is not None else ""
        bet = f"about {self.betting:.2g} of them were evidence" if self.betting is not None else ""
        return ", ".join(filter(None, (counted, bet)))


class WatchEvent(FrozenModel):
    """One moment of the watch of a release; the record's `at` is when it was. `opened` and one of `held`, `unseen`,
    `breach` and `superseded` are always written, `silent` each time that data began to be missing."""

    kind: Literal["watch"] = "watch"
    rollout: str
    """The rollout whose commit opened it."""
    phase: Literal["opened", "silent", "held", "unseen", "breach", "superseded"]
    """`unseen`: it lasted to its end without a breach, and not always with data; `superseded`: another release took
    the traffic before its end."""
    opened: float
    """The commit, in Unix seconds."""
    lasts: Annotated[Seconds, Field(alias="for")]
    holdback: Fraction | None = None
    """What was really held back; None without a standby."""
    standby: str | None = None
    """The version that is kept warm."""
    only_escalates: str = ""
    """Why a breach moves no traffic; empty where it does."""
    reason: str = ""
    moved: bool | None = None
    """Of a breach: whether all the traffic went to the standby."""
    safe_after: float | None = None
    """Seconds from the breach until it had."""
    killed: tuple[str, ...] = ()
    """Flags."""
    escalation: str | None = None
    """The id under which the owner was told."""
    counts: tuple[WatchCount, ...] = ()


class WatchRecord(ServiceRecord):
    """A moment of a watch in the chain of the service; its subject is the release that is watched."""

    event: WatchEvent


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


KINDS: Final[tuple[type[RecordBase], ...]] = (
    ReleaseRecord,
    ClosureRecord,
    DrillRecord,
    RefusalRecord,
    WatchRecord,
    FlagRecord,
)
"""Every kind that this version reads."""


def known(lines: Iterable[Line]) -> int:
    """How many of these lines are records of a kind that this version reads."""
    return sum(read_any(line.content) is not None for line in lines)


def read_any(content: Mapping[str, Any]) -> RecordBase | None:
    """One record, whichever kind it is; None for one that this version does not know."""
    return next((found for kind in KINDS if (found := read_as(content, kind)) is not None), None)


def chain_of(record: RecordBase) -> str:
    """The name of the chain that a record belongs to."""
    return flag_chain(record.flags) if isinstance(record, FlagRecord) else getattr(record, "service", "")


def flag_chain(name: str) -> str:
    """The name of the chain of a set of flags. No service has it: a service's name has no dot."""
    return f"flags.{name}"
