"""What the cluster remembers of a service's rollouts. Pure: the store does the I/O, by compare-and-swap."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from release.manifest.base import Part
from release.manifest.route import Route
from release.plan import Kind
from release.rollout_inputs import Backend

COMPLETED_KEPT = 20
QUARANTINE_KEPT = 50
COMMITS_KEPT = 50


class Outcome(StrEnum):
    """`running` is the only one that is unfinished: whoever finds it with the Lease in hand repairs first."""

    RUNNING = "running"
    COMMITTED = "committed"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"


class Serving(Part):
    """Where all the traffic belongs while nothing is in flight, and the route that it used."""

    backend: Backend
    route: Route


class StepRecord(Part):
    """One step as it went: counts of either side over the step and the verdict it ended with."""

    weight: float
    began: float
    ended: float | None = None
    requests: int = 0
    errors: int = 0
    baseline_requests: int = 0
    baseline_errors: int = 0
    verdict: str = "INCONCLUSIVE"
    reason: str = ""
    counted: str | None = None
    """What `errors` are when they are no requests: `clients`."""


class Attempt(Part):
    """One rollout: times are Unix seconds. `old_replicas` is what an abort scales the old workload back to."""

    id: str
    outcome: Outcome
    kind: Kind
    candidate: Backend
    manifest: str
    began: float
    ended: float | None = None
    old_replicas: int | None = None
    steps: tuple[StepRecord, ...] = ()
    reason: str = ""
    by: str = ""
    """Who ended it when it was not the executor: `watchdog`, `repair`."""
    acknowledged: str | None = None
    """Id of the last intent that the executor obeyed."""
    retry_reason: str | None = None
    caveat: str = ""
    """What is not claimed of its verdicts, such as an error rate where clients stick to one side."""


class Completed(Part):
    """A revision that completed here: a rollback may return to it without replaying the steps."""

    revision: str
    version: str
    image: str
    manifest: str
    at: float


class Commit(Part):
    """One end of a rollout in which `revision` took over all the traffic."""

    revision: str
    at: float


class Quarantine(Part):
    """A revision that was aborted: refused until its manifest gives a new reason to try again."""

    version: str
    reason: str
    at: float
    rollout: str
    retried_with: str | None = None


class Head(Part):
    """The journal's head, one small JSON document per service; the ticks lie in chunks beside it."""

    format: int = 1
    service: str
    stack: str | None = None
    """`project/stack` that releases the service; None in journals written before this was recorded."""
    handed_to: str | None = None
    """`project/stack` that may take the service over by its next update."""
    serving: Serving | None = None
    attempt: Attempt | None = None
    completed: tuple[Completed, ...] = ()
    commits: tuple[Commit, ...] = ()
    """Every commit, newest first, a revision as often as it was returned to: what a rollback finds its way by."""
    quarantined: dict[str, Quarantine] = Field(default_factory=dict)
    leaving: tuple[Backend, ...] = ()
    """Backends that left the route and were not yet seen without requests. While there are any, an update is due that
    waits for it, so that the engine deletes no workload that the data plane still sends to."""

    @property
    def unfinished(self) -> bool:
        """Whether a rollout began and nobody has ended it."""
        return self.attempt is not None and self.attempt.outcome is Outcome.RUNNING

    def has_completed(self, revision: str) -> bool:
        """Whether this revision has completed in this service before."""
        return any(entry.revision == revision for entry in self.completed)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def begun(head: Head, attempt: Attempt) -> Head:
    """The head with a new attempt in flight."""
    return head.model_copy(update={"attempt": attempt})


def committed(head: Head, attempt: Attempt, route: Route, now: float) -> Head:
    """The head after the commit: the candidate serves, and is one that completed."""
    entry = Completed(
        revision=attempt.candidate.revision,
        version=attempt.candidate.version,
        image=attempt.candidate.image,
        manifest=attempt.manifest,
        at=now,
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
        }
    )


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
