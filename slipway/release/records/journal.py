"""What the cluster remembers of a service's rollouts. Pure: the store does the I/O, by compare-and-swap.

Rule for changes of this model: a new field with a default keeps `FORMAT`, and an older Slipway ignores it, keeping it
only at the top level of the head. Whatever an older Slipway would misread (a new outcome, another meaning) raises it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationError

from slipway.release.errors import JournalUnreadable
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.plan import Kind, Mirrored, PlannedStep
from slipway.release.manifest.route import Route
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent

FORMAT = 2
"""The format of the head that this version writes; it reads older ones too. 1 called the kind of an attempt that
returns to a completed revision `return`; 2 calls it `rollback`."""
COMPLETED_KEPT = 20
QUARANTINE_KEPT = 50
COMMITS_KEPT = 50
RECORDED_KEPT = 5


Drill = Literal["deploy", "rollback"]
"""The procedure of which a rollout is a drill."""


class Outcome(StrEnum):
    """Only `running` is unfinished: the next holder of the Lease repairs it first."""

    RUNNING = "running"
    COMMITTED = "committed"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"


class Serving(FrozenModel):
    """Where all the traffic belongs while nothing is in flight, and the route that it used."""

    backend: Backend
    route: Route


class StepRecord(FrozenModel):
    """One step as it went: counts of either side over the step and the verdict it ended with."""

    weight: Percent
    began: float
    ended: float | None = None
    requests: int = 0
    errors: int = 0
    baseline_requests: int = 0
    baseline_errors: int = 0
    verdict: str = "INCONCLUSIVE"
    reason: str = ""
    counted: str | None = None
    """What `errors` are when they are no requests of users: `clients`, or `copies` of requests."""
    mirror: Mirrored | None = None
    """Where the candidate got copies only: then `requests` and `errors` are those of the copies, and no user's."""


class Attempt(FrozenModel):
    """One rollout: times are Unix seconds. `old_replicas` is what an abort scales the old workload back to."""

    id: str
    outcome: Outcome
    kind: Kind
    candidate: Backend
    manifest: str
    began: float
    ended: float | None = None
    old_replicas: int | None = None
    ready_before: int | None = None
    """Ready replicas of what served at the beginning, where an autoscaler scales either side."""
    planned: tuple[PlannedStep, ...] = ()
    """All steps that it is to take; empty in journals written before this was recorded."""
    steps: tuple[StepRecord, ...] = ()
    reason: str = ""
    by: str = ""
    """Who ended it when it was not the executor: `watchdog`, `repair`, `watch`."""
    acknowledged: str | None = None
    """Id of the last intent that the executor obeyed."""
    retry_reason: str | None = None
    notes: tuple[str, ...] = ()
    """Facts beside the verdicts, such as replicas that the serving version lacked."""
    caveat: str = ""
    """What is not claimed of its verdicts, such as an error rate where clients stick to one side."""
    drill: Drill | None = None
    """It rehearses this procedure, and is no release."""


class Completed(ReleasedVersion):
    """A version that completed here: a rollback may return to it without replaying the steps."""

    at: float
    """When it did, in Unix seconds."""
    template: str | None = None
    """What the pods of its workload were told to run when it completed first, as a digest: what differs later was
    changed in place. None where that was not read."""


class Commit(FrozenModel):
    """One end of a rollout in which `revision` took over all the traffic."""

    revision: str
    at: float


class Quarantine(FrozenModel):
    """A revision that was aborted: refused until its manifest gives a new reason to try again."""

    version: str
    reason: str
    at: float
    rollout: str
    retried_with: str | None = None


class Head(FrozenModel):
    """The journal's head, one small JSON document per service; the ticks lie in chunks beside it."""

    format: int = FORMAT
    service: str
    stack: str | None = None
    """`project/stack` that releases the service; None in journals written before this was recorded."""
    handed_to: str | None = None
    """`project/stack` that may take the service over by its next update."""
    handed_by: str | None = None
    """Who offered it to that stack, and why."""
    serving: Serving | None = None
    attempt: Attempt | None = None
    completed: tuple[Completed, ...] = ()
    commits: tuple[Commit, ...] = ()
    """Every commit, newest first, a revision as often as it was returned to: what a rollback finds its way by."""
    quarantined: dict[str, Quarantine] = Field(default_factory=dict)
    leaving: tuple[Backend, ...] = ()
    """Backends that left the route and were not yet seen without requests. While there are any, an update is due that
    waits for it, so that the engine deletes no workload that the data plane still sends to."""
    raised: tuple[Backend, ...] = ()
    """Backends whose autoscaler may have a higher minimum than declared. Written before any is raised; while there are
    any, an update is due that writes the declared one back."""
    watch: WatchEntry | None = None
    """The watch of what was committed last, however it ended; None where none was wanted."""
    recorded: tuple[str, ...] = ()
    """Rollouts whose ticks are kept, newest first, however they ended: the last aborts can still be analysed."""
    _unknown: dict[str, Any] = PrivateAttr(default_factory=dict)
    """Top-level fields of another version, as they were read; `to_json` writes them again."""

    @property
    def unfinished(self) -> bool:
        """Whether a rollout began and has not ended."""
        return self.attempt is not None and self.attempt.outcome is Outcome.RUNNING

    @property
    def watching(self) -> WatchEntry | None:
        """The watch of what serves, while it is unfinished."""
        watch = self.watch
        if watch is None or not watch.unfinished or self.serving is None:
            return None
        return watch if watch.backend.revision == self.serving.backend.revision else None

    def has_completed(self, revision: str) -> bool:
        """Whether this revision has completed in this service before."""
        return any(entry.revision == revision for entry in self.completed)

    def template_of(self, revision: str) -> str | None:
        """The digest of the template with which this revision completed; None where there is none on record."""
        return next((entry.template for entry in self.completed if entry.revision == revision), None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, with the top-level fields that only another version knows."""
        return {**self._unknown, **self.model_dump(mode="json", by_alias=True, exclude_none=True)}

    def with_unknown(self, fields: Mapping[str, Any]) -> Head:
        """The same head that carries these top-level fields of another version."""
        head = self.model_copy()
        head._unknown = dict(fields)
        return head


def read_head(document: Mapping[str, Any], service: str | None = None) -> Head:
    """The head as it is stored. Fields that this version does not know are no error: at the top level they are kept
    for the next write, deeper ones are ignored. Raises JournalUnreadable, for a newer format before anything else;
    `service` is its name in the message where the document may not say it."""
    name = f"the journal of {service or document.get('service', 'an unnamed service')}"
    found = document.get("format", 1)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise JournalUnreadable(f"{name} cannot be understood: format: {found!r} is no format number")
    if found > FORMAT:
        raise JournalUnreadable(f"{name} has format {found}, this Slipway knows {FORMAT}: update Slipway")
    try:
        head = Head.model_validate(_upgrade(document, found), extra="ignore")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise JournalUnreadable(f"{name} cannot be understood: {place}: {first['msg']}") from None
    known = {key for field, info in Head.model_fields.items() for key in (field, info.alias)}
    return head.with_unknown({key: value for key, value in document.items() if key not in known})


def _upgrade(document: Mapping[str, Any], found: int) -> dict[str, Any]:
    """The document in this format."""
    upgraded = {**document, "format": FORMAT}
    attempt = document.get("attempt")
    if found == 1 and isinstance(attempt, Mapping) and attempt.get("kind") == "return":
        upgraded["attempt"] = {**attempt, "kind": "rollback"}
    return upgraded


def read_owner(document: Mapping[str, Any]) -> Head:
    """Only who owns the journal, of any format and however damaged: what the deletion of a service asks."""

    def text(key: str) -> str | None:
        value = document.get(key)
        return value if isinstance(value, str) else None

    return Head(service=text("service") or "", stack=text("stack"), handed_to=text("handedTo"))


def owner_problem(head: Head | None, stack: str) -> str | None:
    """Why `stack` (`project/stack`) may not write this journal and its route; None when it may: it is the owner, or
    the service was handed to it, or no owner is recorded. An empty `stack` acts for the owner, whichever it is."""
    if head is None or not stack or head.stack in (None, stack) or head.handed_to == stack:
        return None
    return (
        f"{head.service} is released by {head.stack}, so {stack} may not move its traffic or delete its route. "
        f"Remove it from one of the two programs, or let {stack} take it over: "
        f"slipway hand-over {head.service} --to {stack}"
    )


def taken_over(head: Head, stack: str) -> Head:
    """The head with `stack` as its owner; with an empty `stack` as it is. Ask `owner_problem` first."""
    if not stack or head.stack == stack:
        return head
    return head.model_copy(update={"stack": stack, "handed_to": None, "handed_by": None})


def handed_over(head: Head, to: str, by: str | None = None) -> Head:
    """The head whose service the stack `to` may take over by its next update; until then the owner keeps it. Handed to
    its owner, an offer is withdrawn."""
    back = to == head.stack
    return head.model_copy(update={"handed_to": None if back else to, "handed_by": None if back else by})


EXECUTOR = "executor"
WATCH = "watch"
"""Who ended an attempt when it was the watch after 100%."""


def is_own_write(stored: Head, attempt_id: str) -> bool:
    """Whether the stored head's attempt is this one, and was not ended by a watchdog, a repair or an operator. Then
    a Conflict is no loss of the Lease: either the own write was done and its answer was lost, or only what stands
    beside the attempt was changed (`beside`)."""
    attempt = stored.attempt
    return attempt is not None and attempt.id == attempt_id and attempt.by in ("", EXECUTOR)


def beside(head: Head, stored: Head) -> Head:
    """`head` with what others may write during a rollout as it is stored: the offer to another stack, and fields that
    only another version knows. The head to write when a write was refused by a Conflict that `is_own_write`."""
    offer = {"handed_to": stored.handed_to, "handed_by": stored.handed_by}
    return head.model_copy(update=offer).with_unknown(stored._unknown)


def begun(head: Head, attempt: Attempt) -> Head:
    """The head with this attempt in flight; of a new one the ticks are kept, instead of those of an old rollout."""
    former = (head.attempt.id,) if head.attempt is not None else ()
    recorded = tuple(dict.fromkeys((attempt.id, *former, *head.recorded)))
    return head.model_copy(update={"attempt": attempt, "recorded": recorded[:RECORDED_KEPT]})


def raising(head: Head, *backends: Backend | None) -> Head:
    """The head before the minimum of the autoscalers of these backends is raised, of those that have one."""
    every = {one.workload: one for one in (*head.raised, *backends) if one is not None and one.autoscaled is not None}
    return head.model_copy(update={"raised": tuple(every.values())})


def committed(
    head: Head,
    attempt: Attempt,
    route: Route,
    now: float,
    watch: WatchEntry | None = None,
    template: str | None = None,
) -> Head:
    """The head after the commit: the candidate serves, and is one that completed with this digest of its template, or
    the one that it had when it completed before. From here on it is watched by `watch`; a watch of what served before
    has ended."""
    entry = Completed(
        revision=attempt.candidate.revision,
        version=attempt.candidate.version,
        image=attempt.candidate.image,
        manifest=attempt.manifest,
        at=now,
        template=head.template_of(attempt.candidate.revision) or template,
    )
    others = tuple(old for old in head.completed if old.revision != entry.revision)
    quarantined = {key: value for key, value in head.quarantined.items() if key != entry.revision}
    return head.model_copy(
        update={
            "attempt": attempt.model_copy(update={"outcome": Outcome.COMMITTED, "ended": now}),
            "serving": Serving(backend=attempt.candidate, route=route),
            "completed": (entry, *others)[:COMPLETED_KEPT],
            "commits": (Commit(revision=entry.revision, at=now), *head.commits)[:COMMITS_KEPT],
            "quarantined": quarantined,
            "watch": watch if watch is not None else _superseded(head.watch, attempt, now),
        }
    )


def _superseded(watch: WatchEntry | None, attempt: Attempt, now: float) -> WatchEntry | None:
    if watch is None or not watch.unfinished:
        return watch
    return watch.ended_as(WatchPhase.SUPERSEDED, f"{attempt.candidate.label} was released", now)


def breached(head: Head, reason: str, statistic: str, now: float) -> Head:
    """The head after a breach was seen in the open watch: from here on every process that finds it finishes the way
    back. The first breach stays."""
    watch = head.watching
    if watch is None or watch.phase is not WatchPhase.OPEN:
        return head
    change = {"phase": WatchPhase.BREACHED, "reason": reason, "statistic": statistic, "breached": now}
    return head.model_copy(update={"watch": watch.model_copy(update=change)})


def watch_lasted(head: Head, phase: WatchPhase, found: str, now: float) -> Head:
    """The head after the open watch has lasted without a breach, as this phase; `found` is what it saw."""
    watch = head.watching
    if watch is None or watch.phase is not WatchPhase.OPEN:
        return head
    return head.model_copy(update={"watch": watch.ended_as(phase, found, now)})


def returned_by_watch(head: Head, now: float) -> Head:
    """The head after a breach whose traffic is whole on the standby: that serves now, by a rollout of the watch's own,
    and the revision that was watched is refused. Where it only escalates nothing but the watch ends."""
    watch = head.watching
    if watch is None or watch.phase is not WatchPhase.BREACHED:
        return head
    if watch.standby is None or watch.only_escalates or head.serving is None:
        return head.model_copy(update={"watch": watch.ended_as(WatchPhase.ESCALATED, "", now)})
    attempt = Attempt(
        id=f"{watch.id}-back",
        outcome=Outcome.RUNNING,
        kind="rollback",
        candidate=watch.standby,
        manifest=_manifest_of(head, watch.standby.revision),
        began=watch.breached or now,
        reason=watch.reason,
        by=WATCH,
    )
    after = committed(begun(head, attempt), attempt, head.serving.route, now)
    held = Quarantine(version=watch.backend.version, reason=watch.reason, at=now, rollout=watch.id)
    kept = sorted(after.quarantined.items(), key=lambda item: item[1].at)[-(QUARANTINE_KEPT - 1) :]
    return after.model_copy(
        update={
            "quarantined": {**dict(kept), watch.backend.revision: held},
            "watch": watch.ended_as(WatchPhase.ROLLED_BACK, "", now),
        }
    )


def _manifest_of(head: Head, revision: str) -> str:
    return next((one.manifest for one in head.completed if one.revision == revision), "")


def aborted(head: Head, attempt: Attempt, reason: str, now: float, *, quarantine: bool) -> Head:
    """The head after an abort; with `quarantine` the candidate's revision is refused from now on."""
    ended = attempt.model_copy(update={"outcome": Outcome.ABORTED, "ended": now, "reason": reason})
    if not quarantine:
        return head.model_copy(update={"attempt": ended})
    entry = Quarantine(
        version=attempt.candidate.version,
        reason=reason,
        at=now,
        rollout=attempt.id,
        retried_with=attempt.retry_reason,
    )
    kept = sorted(head.quarantined.items(), key=lambda item: item[1].at)[-(QUARANTINE_KEPT - 1) :]
    return head.model_copy(update={"attempt": ended, "quarantined": {**dict(kept), attempt.candidate.revision: entry}})


def interrupted(head: Head, reason: str, by: str, now: float) -> Head:
    """The head after traffic was put back without a verdict: nothing is held against the candidate."""
    if head.attempt is None:
        return head
    ended = head.attempt.model_copy(update={"outcome": Outcome.INTERRUPTED, "ended": now, "reason": reason, "by": by})
    return head.model_copy(update={"attempt": ended})


def refusal(head: Head | None, revision: str, retry_reason: str | None) -> str | None:
    """Why this revision may not be rolled out; None when it may."""
    if head is None or (held := head.quarantined.get(revision)) is None:
        return None
    if head.serving is not None and head.serving.backend.revision == revision:
        return None
    if retry_reason is not None and retry_reason != held.retried_with:
        return None
    again = " a new reason in" if retry_reason is not None else ""
    return (
        f"revision {revision} (version {held.version}) was aborted: {held.reason}. "
        f"Release something else, or say in a new manifest why it may be tried again, with{again} retry.reason"
    )
