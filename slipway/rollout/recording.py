"""Writes the release record of what an update did, and of what an earlier one left unrecorded.

The journal knows the last rollout whole, so a record that could not be written (the provider was killed, the store was
away) is written by the next update. A record is known by its rollout's id: none is written twice. Nothing here fails an
update: the traffic has moved, or has gone back, whatever becomes of the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.release.errors import ClusterError, SlipwayError
from slipway.release.manifest.release import Release
from slipway.release.records import journal
from slipway.release.records.chain import Line
from slipway.release.records.journal import Attempt, Drill, Head, Outcome
from slipway.release.records.release_record import (
    Ending,
    EvidenceLine,
    GateOutcome,
    Recorded,
    ReleaseRecord,
    RolloutEvent,
    Series,
    digest_of,
    read_records,
)
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.store import append
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.measurement.series import series_of
from slipway.rollout.record import load
from slipway.rollout.watching.recording import collect


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """What is known of a release beside its rollout. `gates` is None where nothing judged it in this process."""

    release: Release | None = None
    gates: GateOutcome | None = None
    evidence: tuple[EvidenceLine, ...] = ()
    manifest_sha256: str | None = None
    fingerprint: str | None = None


Facts = Callable[[str, str], ReleaseFacts]
"""By the path of a manifest and the revision that it must have."""


@dataclass
class Recorder:
    """The records of one update of one Rollout. `by` is who runs it, `tell` takes a line that stays, `drill` is the
    procedure that it rehearses."""

    adapters: Adapters
    wanted: RolloutInputs
    by: str
    facts: Facts
    tell: Callable[[str], None]
    drill: Drill | None = None
    _before: Head | None = field(default=None, init=False)
    """The journal when the update began."""

    def settle(self) -> None:
        """Before the update: record the last rollout, where that was not done."""
        self._patiently(self._settle)

    def ended(self) -> None:
        """After the update, however it ended: record its rollout."""
        self._patiently(self._ended)

    def refused(self, reason: str) -> None:
        """Nothing was begun, for this reason."""
        self._patiently(lambda: self._refused(reason))

    def _settle(self) -> None:
        self._before = self._owned_head()
        self._collect(self._before)
        if self._before is not None:
            self._add_attempt(self._before, self._before)

    def _ended(self) -> None:
        head = self._owned_head()
        if head is not None:
            self._collect(head)
            self._add_repaired(head)
            self._add_attempt(head, self._before)

    def _collect(self, head: Head | None) -> None:
        """What pods have recorded where they could."""
        if head is not None and self.adapters.records is not None and self.adapters.inside is not None:
            collect(self.adapters.inside, self.adapters.records)

    def _add_repaired(self, head: Head) -> None:
        """A rollout that was found unfinished has ended meanwhile, and the journal's attempt is another by now."""
        before = self._before
        left = before.attempt if before is not None and before.unfinished else None
        if before is None or left is None or head.attempt is None or head.attempt.id == left.id:
            return
        self._add_attempt(before.model_copy(update={"attempt": ended_as(left, head)}), before)

    def _add_attempt(self, head: Head, before: Head | None) -> None:
        """Put the head's attempt into the chain, if that has ended."""
        attempt = head.attempt
        ended = attempt is not None and attempt.outcome is not Outcome.RUNNING

        def make(lines: list[Line]) -> Mapping[str, Any] | None:
            if attempt is None or not ended or is_recorded(read_records(lines), attempt.id):
                return None
            return self._record_of(attempt, self._event_of(head, attempt, before)).to_content()

        if self.adapters.records is not None:
            append(self.adapters.records, make)

    def _event_of(self, head: Head, attempt: Attempt, before: Head | None) -> RolloutEvent:
        facts = self.facts(attempt.manifest, attempt.candidate.revision)
        this = attempt.candidate.revision == self.wanted.candidate.revision
        strategy = self.wanted.strategy.kind if this else _strategy_of(facts.release)
        held = head.quarantined.get(attempt.candidate.revision)
        return RolloutEvent(
            rollout=attempt.id,
            ending=ending_of(attempt),
            course=attempt.kind,
            strategy=strategy,
            began=attempt.began,
            ended=attempt.ended or attempt.began,
            ended_by=attempt.by or "executor",
            reason=attempt.reason,
            retry_reason=attempt.retry_reason,
            leaves=left_by(head, attempt, before),
            standby=self.wanted.standby.version if this and self.wanted.standby is not None else None,
            steps=attempt.steps,
            notes=attempt.notes,
            caveat=attempt.caveat,
            quarantined=held is not None and held.rollout == attempt.id,
            drill=attempt.drill,
            series=self._series(attempt, facts),
            **_known(facts),
        )

    def _series(self, attempt: Attempt, facts: ReleaseFacts) -> Series:
        guardrails = facts.release.guardrails if facts.release is not None else self.wanted.guardrails
        kinds: dict[str, str] = {guardrail.name: guardrail.kind for guardrail in guardrails}
        try:
            return series_of(self.adapters.journal.records(attempt.id), kinds)
        except (ClusterError, KeyError, TypeError):  # without its plots a record is worth having, too
            return Series()

    def _refused(self, reason: str) -> None:
        head = self._owned_head()
        if self.adapters.records is None or (head is None and self._foreign()):
            return
        candidate, now = self.wanted.candidate, self.adapters.now()
        facts = self.facts(self.wanted.manifest, candidate.revision)
        event = RolloutEvent(
            rollout=_refusal_id(candidate.revision, now),
            ending="refused",
            strategy=self.wanted.strategy.kind,
            began=now,
            ended=now,
            reason=reason,
            leaves=_serving(head) if head is not None else None,
            drill=self.drill,
            **_known(facts),
        )
        subject = self._subject(candidate.revision, candidate.version, candidate.image, self.wanted.manifest)

        def make(lines: list[Line]) -> Mapping[str, Any] | None:
            last = [one.record for one in read_records(lines)[-1:]]
            same = any(one.event.ending == "refused" and one.event.reason == reason for one in last)
            return None if same else self._record(subject, event).to_content()

        append(self.adapters.records, make)

    def _record_of(self, attempt: Attempt, event: RolloutEvent) -> ReleaseRecord:
        candidate = attempt.candidate
        subject = self._subject(candidate.revision, candidate.version, candidate.image, attempt.manifest)
        return self._record(subject, event)

    @staticmethod
    def _subject(revision: str, version: str, image: str, manifest: str) -> ReleasedVersion:
        return ReleasedVersion(revision=revision, version=version, image=image, manifest=manifest)

    def _record(self, subject: ReleasedVersion, event: RolloutEvent) -> ReleaseRecord:
        return ReleaseRecord(
            at=self.adapters.now(),
            by=self.by,
            stack=self.adapters.stack,
            target=str(self.wanted.where),
            service=self.wanted.service,
            subject=subject,
            digest=digest_of(subject.image),
            event=event,
        )

    def _owned_head(self) -> Head | None:
        """The journal's head; None where there is none, or another stack releases the service and records it."""
        if self.adapters.records is None:
            return None
        stored = load(self.adapters)
        if stored is None or journal.owner_problem(stored.head, self.adapters.stack) is not None:
            return None
        return stored.head

    def _foreign(self) -> bool:
        stored = load(self.adapters)
        return stored is not None and journal.owner_problem(stored.head, self.adapters.stack) is not None

    def _patiently(self, do: Callable[[], None]) -> None:
        try:
            do()
            return
        except SlipwayError as error:
            why = str(error)
        except Exception as error:
            why = f"unexpected {type(error).__name__}: {error}"
        self.tell(f"{self.wanted.service}: the release record was not written: {why}; the next update writes it")


def ending_of(attempt: Attempt) -> Ending:
    """How a rollout that is over ended."""
    if attempt.outcome is Outcome.COMMITTED:
        return "rolled-back" if attempt.kind == "rollback" else "committed"
    return "aborted" if attempt.outcome is Outcome.ABORTED else "interrupted"


def ended_as(left: Attempt, head: Head) -> Attempt:
    """How an unfinished rollout ended, by what the journal says now: another process may have carried it to its commit
    or its abort; else the next one repaired what it had left."""
    own = [one.at for one in head.commits if one.revision == left.candidate.revision and one.at >= left.began]
    if own:
        return left.model_copy(update={"outcome": Outcome.COMMITTED, "ended": min(own)})
    held = head.quarantined.get(left.candidate.revision)
    if held is not None and held.rollout == left.id:
        return left.model_copy(update={"outcome": Outcome.ABORTED, "ended": held.at, "reason": held.reason})
    now = head.attempt.began if head.attempt is not None else left.began
    changes = {"outcome": Outcome.INTERRUPTED, "ended": now, "reason": "the process died", "by": "repair"}
    return left.model_copy(update=changes)


def is_recorded(records: Sequence[Recorded], rollout: str) -> bool:
    """Whether a rollout is in the chain already."""
    return any(one.event.rollout == rollout for one in records)


def left_by(head: Head, attempt: Attempt, before: Head | None) -> ReleasedVersion | None:
    """What served before this rollout: as the journal said before it, else by the commits."""
    if before is not None and (before.attempt is None or before.attempt.id != attempt.id):
        return _serving(before)
    if attempt.outcome is not Outcome.COMMITTED:
        return _serving(head)
    earlier = [one.revision for one in head.commits if one.revision != attempt.candidate.revision]
    return next((_plain(one) for one in head.completed if earlier and one.revision == earlier[0]), None)


def _serving(head: Head) -> ReleasedVersion | None:
    if head.serving is None:
        return None
    backend = head.serving.backend
    known = next((one for one in head.completed if one.revision == backend.revision), None)
    if known is not None:
        return _plain(known)
    return ReleasedVersion(revision=backend.revision, version=backend.version, image=backend.image, manifest="")


def _plain(one: ReleasedVersion) -> ReleasedVersion:
    return ReleasedVersion(revision=one.revision, version=one.version, image=one.image, manifest=one.manifest)


def _strategy_of(release: Release | None) -> str:
    return release.strategy.kind if release is not None else "unknown"


def _known(facts: ReleaseFacts) -> dict[str, Any]:
    return {
        "gates": facts.gates,
        "evidence": facts.evidence,
        "manifest_sha256": facts.manifest_sha256,
        "fingerprint": facts.fingerprint,
        "declared": _declared(facts.release) if facts.release is not None else None,
    }


def _declared(release: Release) -> dict[str, Any]:
    """The manifest with hashes in place of what the container is given: a change shows, and nothing secret is kept."""
    content: dict[str, Any] = release.model_dump(mode="json", by_alias=True, exclude_none=True)
    for given in ("env", "files"):
        held = content["workload"].get(given, {})
        content["workload"][given] = {name: f"sha256:{_short_hash(value)}" for name, value in held.items()}
    return content


def _refusal_id(revision: str, now: float) -> str:
    """No rollout was begun, so nothing gave it an id."""
    return f"refused-{_short_hash(f'{revision} {now}')}"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
