"""The protocols of the cluster's adaptors: they read and write, and decide nothing.

Every method may raise ClusterError (one line: which object, what to check). Times are Unix seconds by the clock
of the writer, durations are seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import SmokeCheck
from slipway.release.rollout_inputs import Backend

Action = Literal["abort", "pause", "resume", "promote", "cancel"]
"""What an operator wants; `cancel` is what an interrupted `pulumi up` tells its Job; it quarantines nothing."""
Role = Literal["rollout", "watchdog", "follower", "abort", "watch"]
"""What the holder of a Lease does: an update of Pulumi, the watchdog of a provider that died, a provider whose Job
ended without putting the traffic back, `slipway abort`, or the watch after 100% that acts on a breach or its end."""
Document = dict[str, Any]
"""Plain JSON values."""


class Reason(StrEnum):
    """Why pods are not ready. Kubernetes' own words, and `Missing` for a Deployment that is not there."""

    MISSING = "Missing"
    QUOTA = "ReplicaFailure"
    CRASH_LOOP = "CrashLoopBackOff"
    IMAGE_PULL = "ImagePullBackOff"
    CONFIG = "CreateContainerConfigError"
    CONTAINER = "RunContainerError"
    OUT_OF_MEMORY = "OOMKilled"
    UNSCHEDULABLE = "Unschedulable"
    EVICTED = "Evicted"


@dataclass(frozen=True, slots=True)
class Readiness:
    """`desired` is `spec.replicas`; `ready` what the Deployment's controller counts for the current generation;
    `endpoints_ready` the pods that the data plane may use (ready and not terminating)."""

    desired: int
    ready: int
    endpoints_ready: int
    restarts: int
    """Of those pods that were read: none need be while all are ready."""
    problem: str | None = None
    """One line that names the pod, its reason and last exit code; None while nothing is wrong."""
    reason: Reason | None = None
    """The same for machines."""
    fatal: bool = False
    """A container is in a crash loop by Kubernetes' count, or its image name is invalid: waiting does not help."""
    image: str | None = None
    """Of the service's container in the Deployment's template; None where there is no Deployment."""
    template: str | None = None
    """A digest of what its pods are told to run, which any change of it in place changes; None where the platform has
    no workload that could be changed in place."""


class Workloads(Protocol):
    """Deployments, their pods and the endpoints of their Services."""

    def readiness(self, backend: Backend, max_age: float = 0.0) -> Readiness:
        """What runs now, or did at most `max_age` seconds ago: then what other rollouts of this process have read may
        be the answer, though never twice. A missing Deployment is no error but `Reason.MISSING`."""
        ...

    def scale(self, backend: Backend, replicas: int) -> None:
        """Set `spec.replicas` through the scale subresource."""
        ...

    def replicas(self, backend: Backend) -> int:
        """`spec.replicas`; 0 when the Deployment is missing."""
        ...

    def overlap(self, one: Backend, other: Backend) -> str | None:
        """Why the traffic of the two is not apart, such as a Service of one that selects pods of the other; None where
        it is."""
        ...

    def running(self, backend: Backend) -> int:
        """The pods that exist or are wanted, those that are ending too: 0 when nothing of it can do anything any
        more."""
        ...


class Autoscalers(Protocol):
    """What scales workloads with their load. Only of backends that are declared so; one whose autoscaler is gone is no
    error, since nothing takes its replicas away then."""

    def minimum(self, backend: Backend) -> int | None:
        """The least replicas that it leaves; None where it is gone."""
        ...

    def raise_to(self, backend: Backend, least: int) -> None:
        """Let it leave at least so many; a higher minimum stays."""
        ...

    def restore(self, backend: Backend) -> None:
        """Make its minimum the declared one again."""
        ...

    def wants_fewer(self, backend: Backend) -> bool:
        """Whether by the load that it has seen it would leave fewer replicas than its minimum."""
        ...


class Lasting(Protocol):
    """What all revisions of a service are published from: one resource that stays, with workloads that the engine does
    not delete."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    def owner(self) -> str:
        """`project/stack` that declares it; empty where there is none, and where it does not say so."""
        ...

    def prune(self, keep: AbstractSet[str]) -> None:
        """Delete those of revisions that are not in `keep` and stand in no route."""
        ...


class Invoked(Protocol):
    """A version that can be asked without a route."""

    def run_checks(self, backend: Backend, route: Route, checks: tuple[SmokeCheck, ...]) -> str:
        """Empty when all pass at this very version, otherwise one line that says what was asked, seen and wanted."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseState:
    """`renewed` is by the holder's wall clock and `age` by ours: for display only, as the clocks of two hosts differ.
    `expired` is true only when it is certain, see Lease."""

    holder: str
    renewed: float
    age: float
    duration: float
    expired: bool
    transitions: int
    role: Role = "rollout"


class Lease(Protocol):
    """One rollout of a service at a time.

    Expiry: this process has itself seen the same record for the whole of its duration, by a clock that counts
    suspension too (CLOCK_BOOTTIME). The wall clocks of two hosts are never compared, so taking over from a holder
    that died costs one duration of watching.
    """

    def acquire(self, holder: str, duration: float, role: Role = "rollout") -> LeaseState:
        """Take it when it is free, expired or our own. Raises LeaseHeld that says who holds it in what role, and what
        helps; every call also observes, so calling again until it is expired works."""
        ...

    def renew(self) -> LeaseState:
        """Renew what `acquire` took, however long ago, unless another took it. Raises LeaseHeld when another process
        has it, or it is gone."""
        ...

    def release(self) -> None:
        """Give it back; nothing happens when it is no longer ours."""
        ...

    def read(self) -> LeaseState | None:
        """None when it is free."""
        ...

    def observe_expired(self, wait: float) -> bool:
        """Watch for at most `wait` seconds: True as soon as it is free or expired, False as soon as it is renewed
        or the time is over."""
        ...

    def delete(self) -> None:
        """Remove the object itself, unless another holds it: theirs stays. It is no error when there is none."""
        ...


Condense = Callable[[Sequence[Document]], Sequence[Document]]
"""Fewer records that stand for these."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as its store holds it. `version` is opaque; it is what the next write names as `expect`."""

    content: Document
    version: str
    by: str = ""
    """Who wrote it last, as the platform knows it; empty where it does not."""
    is_published: bool = True
    """Whether it is what readers get; False where it was written and not handed out yet."""


class JournalStore(Protocol):
    """One small head document per service, and the ticks of each rollout in chunks beside it."""

    def load(self) -> StoredDocument | None:
        """The head, None when there is none. Raises ClusterError."""
        ...

    def save(self, head: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap: `expect` is the version that is replaced, None when there must be none yet. Returns
        the new version. Raises Conflict when another wrote in between."""
        ...

    def append(self, rollout_id: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add records to a rollout, one write for all of them; `rollout_id` is a DNS label."""
        ...

    def records(self, rollout_id: str) -> list[Document]:
        """All records of a rollout in the order in which they were appended."""
        ...

    def latest(self, rollout_id: str) -> Document | None:
        """The last record of a rollout, found without reading the others; None when there are none."""
        ...

    def condense(self, rollout_id: str, condense: Condense) -> None:
        """Replace the older half of the records by what `condense` makes of them, in order, once they are many; cheap
        while they are not. Nothing is lost when it raises ClusterError, and the next call goes on."""
        ...

    def prune(self, keep: AbstractSet[str]) -> None:
        """Delete the records of all rollouts but these."""
        ...

    def delete(self) -> None:
        """Delete head and records; it is no error when there are none."""
        ...


@dataclass(frozen=True, slots=True)
class Intent:
    """What an operator wants of the rollout `rollout_id`."""

    id: str
    action: Action
    by: str
    at: float
    reason: str
    rollout_id: str
    scope: Literal["step", "all"] = "step"
    """For `promote`: the current step only, or every step that is left."""


class Intents(Protocol):
    """What the operator tells the executor. The CLI alone writes; the executor acknowledges in its journal."""

    def write(self, intent: Intent) -> None:
        """Replace the former intent."""
        ...

    def read(self, max_age: float = 0.0) -> Intent | None:
        """The last intent, None when there is none; `max_age` as for readiness. ClusterError when it cannot be
        understood."""
        ...

    def delete(self) -> None:
        """Remove it; it is no error when there is none."""
        ...


class DocumentStore(Protocol):
    """One JSON document that is compared and swapped. A write whose answer was lost is recognised when it is tried
    again. Several threads and processes may use the same document."""

    def read(self) -> StoredDocument | None:
        """None when there is none. Raises ClusterError."""
        ...

    def write(self, content: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap: `expect` is the version that is replaced, None when there must be none yet. Returns the new
        version. Raises Conflict when another wrote in between."""
        ...

    def delete(self) -> None:
        """Remove it; it is no error when there is none."""
        ...
