"""The Lease that keeps rollouts of one service apart, over whatever holds its record. Expiry: see Lease in base.py."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from slipway.release.errors import ClusterError, Conflict, LeaseHeld
from slipway.rollout.platforms.base import LeaseState, Role
from slipway.rollout.platforms.lease_text import advice, held_by
from slipway.rollout.process.fence import boot_clock

ATTEMPTS = 3
POLL = 0.5
"""Seconds between two looks at a Lease that is watched."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Unix seconds for the record, seconds that never jump and go on in suspension, and waiting."""

    now: Callable[[], float] = time.time
    steady: Callable[[], float] = boot_clock
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """A Lease as it is stored. `acquired` and `renewed` are by the holder's wall clock; the holder of a Lease that was
    given back is empty. `version` is the store's: it changes with every write."""

    holder: str
    duration: float
    acquired: float
    renewed: float
    transitions: int
    role: Role
    version: str = ""


class LeaseRecords(Protocol):
    """The record of one service. `what` names it in messages. All may raise ClusterError."""

    @property
    def what(self) -> str:
        """The record, in messages."""
        ...

    def find(self) -> LeaseRecord | None:
        """None when there is none."""
        ...

    def create(self, record: LeaseRecord) -> LeaseRecord:
        """Raises Conflict when there is one."""
        ...

    def replace(self, record: LeaseRecord) -> LeaseRecord:
        """Compare-and-swap: `record.version` is what is replaced. Raises Conflict."""
        ...

    def remove(self, may: Callable[[LeaseRecord], bool]) -> None:
        """Remove it if there is one and `may` allows it; it is asked again when another writes in between."""
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """A record and when this process saw it first, by its steady clock."""

    version: str
    since: float


class ObservedLease:
    """See slipway.rollout.platforms.base.Lease. One thread may renew while another acquires or releases."""

    def __init__(self, records: LeaseRecords, service: str, clock: Clock | None = None) -> None:
        self._records = records
        self._service = service
        self._clock = clock or Clock()
        self._holder: str | None = None
        self._role: Role = "rollout"
        self._seen: _Seen | None = None
        self._own: LeaseRecord | None = None
        """The record as it was written last, so that a renewal is one request; whether it still stands is compared."""

    def acquire(self, holder: str, duration: float, role: Role = "rollout") -> LeaseState:
        """Take it when it is free, expired or our own; every call also observes."""
        for _ in range(ATTEMPTS):
            found = self._records.find()
            if found is not None:
                self._refuse_if_held(self._state(found), holder)
            try:
                # Ours from the moment it may have been written, so that `release` gives it back after a lost answer.
                self._holder, self._role = holder, role
                self._own = written = self._take(found, holder, duration)
            except Conflict:
                continue
            return self._state(written)
        raise LeaseHeld(f"{self._records.what}: others take it at the same time; try again")

    def renew(self) -> LeaseState:
        """Renew what was acquired, however long ago, unless another took it; then raises LeaseHeld."""
        what = self._records.what
        for _ in range(ATTEMPTS):
            found, self._own = self._own or self._records.find(), None
            if found is None or self._holder is None or found.holder != self._holder:
                other = found.holder if found is not None else ""
                raise LeaseHeld(f"{what} is lost" + (f", {other} holds it now" if other else ""))
            try:
                self._own = written = self._take(found, self._holder, found.duration)
            except Conflict:
                continue
            return self._state(written)
        raise ClusterError(f"{what} could not be renewed: others keep writing it")

    def release(self) -> None:
        """Give it back; nothing happens when it is no longer ours."""
        self._own = None
        for _ in range(ATTEMPTS):
            found = self._records.find()
            if found is None or self._holder is None or found.holder != self._holder:
                break
            try:
                self._records.replace(replace(found, holder=""))
            except Conflict:
                continue
            break
        self._holder = None

    def read(self) -> LeaseState | None:
        """None when it is free."""
        found = self._records.find()
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
        """Remove the record itself, unless another holds it."""
        self._records.remove(lambda found: found.holder in ("", self._holder))

    def _refuse_if_held(self, state: LeaseState, holder: str) -> None:
        if state.holder in ("", holder) or state.expired:
            return
        raise LeaseHeld(f"{held_by(state, self._service)}; {advice(state, self._service)}")

    def _state(self, found: LeaseRecord) -> LeaseState:
        return LeaseState(
            holder=found.holder,
            renewed=found.renewed,
            age=self._clock.now() - found.renewed,
            duration=found.duration,
            expired=self._observe(found) > found.duration,
            transitions=found.transitions,
            role=found.role,
        )

    def _observe(self, found: LeaseRecord) -> float:
        """For how long this process has seen the record unchanged."""
        now = self._clock.steady()
        if self._seen is None or self._seen.version != found.version:
            self._seen = _Seen(found.version, now)
        return now - self._seen.since

    def _take(self, found: LeaseRecord | None, holder: str, duration: float) -> LeaseRecord:
        now, whole = self._clock.now(), float(max(1, math.ceil(duration)))
        if found is None:
            return self._records.create(LeaseRecord(holder, whole, now, now, 0, self._role))
        same = found.holder == holder
        taken = LeaseRecord(
            holder=holder,
            duration=whole,
            acquired=found.acquired if same and found.acquired else now,
            renewed=now,
            transitions=found.transitions + (0 if same else 1),
            role=self._role,
            version=found.version,
        )
        return self._records.replace(taken)
