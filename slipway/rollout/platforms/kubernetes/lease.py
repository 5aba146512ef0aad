"""The Lease that keeps rollouts of one service apart. Expiry: see slipway.rollout.platforms.base.Lease."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

from lightkube import Client
from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease

from slipway.release.errors import ClusterError, Conflict, LeaseHeld
from slipway.release.labels import SERVICE_LABEL
from slipway.rollout.platforms.base import LeaseState, Role
from slipway.rollout.platforms.kubernetes.objects import labels_of
from slipway.rollout.platforms.kubernetes.requests import Requests
from slipway.rollout.platforms.lease_text import advice, held_by
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import boot_clock

ATTEMPTS = 3
ROLE_ANNOTATION = "slipway.dev/role"
POLL = 0.5


@dataclass(frozen=True, slots=True)
class Clock:
    """Unix seconds for the record, seconds that never jump and go on in suspension, and waiting."""

    now: Callable[[], float] = time.time
    steady: Callable[[], float] = boot_clock
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class _Seen:
    """A record and when this process saw it first, by its steady clock."""

    version: str
    since: float


class KubernetesLease:
    """`slipway-<service>` in coordination.k8s.io. One thread may renew while another acquires or releases."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        service: str,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        # Not fenced: the Lease is what the fence is armed by.
        self._requests = Requests(client, patience=patience)
        self._namespace = namespace
        self._service = service
        self._name = f"slipway-{service}"
        self._what = f"Lease {namespace}/{self._name}"
        self._clock = clock or Clock()
        self._holder: str | None = None
        self._role: Role = "rollout"
        self._seen: _Seen | None = None
        self._own: Lease | None = None
        """The record as it was written last, so that a renewal is one request; whether it still stands is compared."""

    def acquire(self, holder: str, duration: float, role: Role = "rollout") -> LeaseState:
        """Take it when it is free, expired or our own; every call also observes."""
        for _ in range(ATTEMPTS):
            found = self._get()
            if found is not None:
                self._refuse_if_held(self._state(found), holder)
            try:
                # Ours from the moment it may have been written, so that `release` gives it back after a lost answer.
                self._holder, self._role = holder, role
                self._own = written = self._take(found, holder, duration)
            except Conflict:
                continue
            return self._state(written)
        raise LeaseHeld(f"{self._what}: others take it at the same time; try again")

    def renew(self) -> LeaseState:
        """Renew what was acquired, however long ago, unless another took it; then raises LeaseHeld."""
        for _ in range(ATTEMPTS):
            found, self._own = self._own or self._get(), None
            if found is None or self._holder is None or _holder_of(found) != self._holder:
                other = _holder_of(found) if found is not None else ""
                raise LeaseHeld(f"{self._what} is lost" + (f", {other} holds it now" if other else ""))
            try:
                self._own = written = self._take(found, self._holder, _duration_of(found))
            except Conflict:
                continue
            return self._state(written)
        raise ClusterError(f"{self._what} could not be renewed: others keep writing it")

    def release(self) -> None:
        """Give it back; nothing happens when it is no longer ours."""
        self._own = None
        for _ in range(ATTEMPTS):
            found = self._get()
            if found is None or self._holder is None or _holder_of(found) != self._holder:
                break
            spec = found.spec or LeaseSpec()
            spec.holderIdentity = ""
            try:
                self._replace(found, spec)
            except Conflict:
                continue
            break
        self._holder = None

    def read(self) -> LeaseState | None:
        """None when it is free."""
        found = self._get()
        state = self._state(found) if found is not None else None
        return state if state is not None and state.holder else None

    def observe_expired(self, wait: float) -> bool:
        """Watch for at most `wait` seconds; see the protocol."""
        end = self._clock.steady() + wait
        first = self.read()
        state = first
        while state is not None and not state.expired:
            renewed = first is not None and (state.renewed, state.holder) != (first.renewed, first.holder)
            if renewed or self._clock.steady() >= end:
                return False
            self._clock.sleep(min(POLL, max(0.0, end - self._clock.steady())))
            state = self.read()
        return True

    def delete(self) -> None:
        """Remove the object itself, unless another holds it."""
        self._requests.remove(self._what, Lease, self._name, self._namespace, self._may_remove)

    def _may_remove(self, found: Lease) -> bool:
        self._check_service(found)
        return _holder_of(found) in ("", self._holder)

    def _refuse_if_held(self, state: LeaseState, holder: str) -> None:
        if state.holder in ("", holder) or state.expired:
            return
        raise LeaseHeld(f"{held_by(state, self._service)}; {advice(state, self._service)}")

    def _get(self) -> Lease | None:
        found = self._requests.find(self._what, Lease, self._name, self._namespace)
        if found is not None:
            self._check_service(found)
        return found

    def _check_service(self, found: Lease) -> None:
        labels = (found.metadata.labels if found.metadata is not None else None) or {}
        if labels.get(SERVICE_LABEL) != self._service:
            raise ClusterError(f"{self._what} exists, but is not that of service {self._service}; remove it")

    def _state(self, found: Lease) -> LeaseState:
        spec = found.spec or LeaseSpec()
        renewed = spec.renewTime.timestamp() if spec.renewTime is not None else 0.0
        duration = _duration_of(found)
        return LeaseState(
            holder=spec.holderIdentity or "",
            renewed=renewed,
            age=self._clock.now() - renewed,
            duration=duration,
            expired=self._observe(found) > duration,
            transitions=spec.leaseTransitions or 0,
            role=_role_of(found),
        )

    def _observe(self, found: Lease) -> float:
        """For how long this process has seen the record unchanged."""
        version = found.metadata.resourceVersion if found.metadata is not None else None
        now = self._clock.steady()
        if self._seen is None or self._seen.version != version:
            self._seen = _Seen(version or "", now)
        return now - self._seen.since

    def _take(self, found: Lease | None, holder: str, duration: float) -> Lease:
        now = _micro_time(self._clock.now())
        former = (found.spec if found is not None else None) or LeaseSpec()
        same = former.holderIdentity == holder
        spec = LeaseSpec(
            holderIdentity=holder,
            leaseDurationSeconds=max(1, math.ceil(duration)),
            acquireTime=former.acquireTime if same and former.acquireTime else now,
            renewTime=now,
            leaseTransitions=(former.leaseTransitions or 0) + (0 if same or found is None else 1),
        )
        if found is not None:
            return self._replace(found, spec)
        return self._requests.create(self._what, Lease(metadata=self._meta(ObjectMeta()), spec=spec))

    def _replace(self, found: Lease, spec: LeaseSpec) -> Lease:
        # A PUT makes a Lease that does not exist; with the uid of the one that was read it conflicts instead.
        meta = self._meta(found.metadata or ObjectMeta())
        return self._requests.replace(self._what, Lease(metadata=meta, spec=spec))

    def _meta(self, former: ObjectMeta) -> ObjectMeta:
        return ObjectMeta(
            name=self._name,
            namespace=self._namespace,
            labels=labels_of(self._service, "lease"),
            annotations={ROLE_ANNOTATION: self._role},
            resourceVersion=former.resourceVersion,
            uid=former.uid,
        )


def _role_of(found: Lease) -> Role:
    named = (found.metadata.annotations if found.metadata is not None else None) or {}
    return next((role for role in get_args(Role) if named.get(ROLE_ANNOTATION) == role), "rollout")


def _holder_of(found: Lease) -> str:
    return (found.spec.holderIdentity if found.spec is not None else None) or ""


def _duration_of(found: Lease) -> float:
    return float((found.spec.leaseDurationSeconds if found.spec is not None else None) or 1)


def _micro_time(seconds: float) -> datetime:
    # The API server takes exactly six digits, and a datetime without microseconds is written with none.
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment if moment.microsecond else moment.replace(microsecond=1)
