"""Small valid values that the tests of this room vary."""

from __future__ import annotations

from typing import Any

from slipway.release.records.journal import Attempt, Commit, Completed, Head, Outcome, Quarantine, Serving
from slipway.release.rollout_inputs import Backend
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.base import Intent, LeaseState
from slipway.rollout.platforms.memory import MemoryIntents, MemoryJournalStore, MemoryLease, MemoryWorkloads
from slipway.rollout.routers.base import LiveRoute
from slipway.rollout.routers.memory import MemoryRouter

ROUTE: dict[str, Any] = {"gateway": {"namespace": "edge", "name": "public"}, "hostnames": ["checkout.example"]}
NOW = 1_800_000_000.0


def backend(letter: str = "a") -> Backend:
    return Backend(
        revision=letter * 8,
        version=f"version-{letter}",
        image=f"registry.example/checkout@sha256:{letter * 64}",
        workload=f"checkout-{letter * 8}",
        entry=f"checkout-{letter * 8}",
        port=8080,
        replicas=3,
        ready_within=60.0,
        scaled_by_rollout=False,
    )


def attempt(letter: str = "b", outcome: Outcome = Outcome.RUNNING, **changes: Any) -> Attempt:
    values: dict[str, Any] = {"id": "r1", "outcome": outcome, "kind": "forward", "candidate": backend(letter)}
    return Attempt(**{**values, "manifest": f"{letter}.yaml", "began": NOW - 42.0, **changes})


def completed(letter: str, at: float = NOW) -> Completed:
    one = backend(letter)
    return Completed(revision=one.revision, version=one.version, image=one.image, manifest=f"{letter}.yaml", at=at)


def head(serving: str | None = "a", **changes: Any) -> Head:
    served = Serving.model_validate({"backend": backend(serving), "route": ROUTE}) if serving else None
    values: dict[str, Any] = {"service": "checkout", "serving": served}
    return Head(**{**values, **changes})


def commit(letter: str) -> Commit:
    return Commit(revision=letter * 8, at=NOW)


def quarantine(letter: str, reason: str = "5% errors") -> Quarantine:
    return Quarantine(version=f"version-{letter}", reason=reason, at=NOW, rollout="r0")


def live(**shares: float) -> LiveRoute:
    """`live(a=95, b=5)`."""
    return LiveRoute({f"checkout-{letter * 8}": share for letter, share in shares.items()}, "1", True, "", True)


def held(age: float = 1.0, renewed: float = NOW, *, expired: bool = False) -> LeaseState:
    return LeaseState("someone", renewed, age, 15.0, expired, 0)


class ScriptedLease(MemoryLease):
    """Says one state after the other, the last one for ever."""

    def __init__(self, *states: LeaseState | None) -> None:
        super().__init__(lambda: NOW)
        self._states = list(states)
        self.asked = 0

    def read(self) -> LeaseState | None:
        self.asked += 1
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]


def world(journal: Head | None = None, lease: MemoryLease | None = None) -> Adapters:
    """A world in memory; the Lease is renewed unless another one is given."""
    store = MemoryJournalStore()
    if journal is not None:
        store.save(journal.to_json(), None)
    return Adapters(
        router=MemoryRouter(),
        workloads=MemoryWorkloads(),
        lease=lease or ScriptedLease(held()),
        journal=store,
        intents=MemoryIntents(),
        now=lambda: NOW,
    )


def intent(action: Any = "pause", identity: str = "i1") -> Intent:
    return Intent(identity, action, "someone", NOW, "", "r1")
