"""One flag in memory with simulated time and users: who gets the variant follows the journal of the flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slipway.release.flags.attempts import Exposing, ExposureHead, begun, parse
from slipway.release.flags.journal import Author, Change, Head, after_change, after_exposure
from slipway.release.flags.model import DeclaredFlags, FeatureFlag
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.records.journal import Outcome
from slipway.release.records.store import MemoryRecords, append
from slipway.release.rollout_inputs import Backend
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.record import Stored
from slipway.rollout.exposure.run import ExposureRun
from slipway.rollout.exposure.wanted import Wanted
from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.platforms.base import LeaseState
from slipway.rollout.platforms.memory import MemoryJournalStore, MemoryLease
from slipway.rollout.process.faults import Faults
from slipway.rollout.process.fence import Fence
from tests.unit.slipway.rollout.simulation import Cancelled, Clock, Lines

KEY = "new-cart"
CART: dict[str, Any] = {
    "kind": "release",
    "owner": "payments",
    "expires": "2027-03-31",
    "default": "off",
    "exposure": {
        "steps": [{"percent": 5, "bake": "6s"}, {"percent": 25, "bake": "6s"}, {"percent": 100, "bake": "6s"}],
        "analysis": {"tick": "1s", "dwell": "2s", "horizon": "60s", "errorGrace": "5s"},
    },
    "guardrails": [
        {
            "name": "errors",
            "kind": "custom",
            "good": 'cart_good{flag="{flag}",variant="{variant}"}',
            "total": 'cart_total{flag="{flag}",variant="{variant}"}',
            "negligible": "1%",
        }
    ],
}


def flag(**changes: Any) -> FeatureFlag:
    exposure = {**CART["exposure"], **changes.pop("exposure", {})}
    return FeatureFlag.model_validate({**CART, "exposure": exposure, **changes})


class MemoryFlags:
    """See slipway.rollout.exposure.adapters.Flags. `written` holds the percentage after each write."""

    def __init__(self, declared: FeatureFlag) -> None:
        self.head = Head(name="shop", declared=DeclaredFlags(flags={KEY: declared}))
        self.faults = Faults()
        self.written: list[float] = []
        self.stale = ""
        """What of the document is not in force."""
        self.records = MemoryRecords()

    def load(self) -> Head:
        self.faults.hit("load")
        return self.head

    def change(self, change: Callable[[Head], Head]) -> Head:
        self.faults.hit("change")
        self.head = change(self.head)
        self.written.append(self.percent)
        append(self.records, lambda lines: {"percent": self.percent})
        self.faults.done("change")
        return self.head

    def pending(self) -> str | None:
        self.faults.hit("pending")
        return self.stale or None

    @property
    def percent(self) -> float:
        reached = self.head.reached.get(KEY)
        return reached.percent if reached is not None else 0.0

    def kill(self, by: str = "kim") -> None:
        """As `slipway kill` does."""
        change = Change(id="by-hand", flag=KEY, action="kill", by=by, at=0.0, reason="it looks wrong")
        self.head = after_change(self.head, change)

    def expose(self, percent: float, salt: str = "before") -> None:
        """As another process does."""
        self.head = after_exposure(self.head, KEY, percent, salt, Author(by="another", at=0.0))


class Users:
    """A meter: `rate` requests a second, split as the flag says; `bad` is the share of failures by variant."""

    def __init__(self, clock: Clock, flags: MemoryFlags, rate: float = 100.0) -> None:
        self.rate = rate
        self.bad: dict[str, float] = {}
        self.down = ""
        self.share: float | None = None
        """Percent of the users that really get the variant, where that is not what the document says."""
        self._clock, self._flags = clock, flags
        self._since = clock.now()
        self._total = {"on": 0.0, "off": 0.0}
        self._failed = {"on": 0.0, "off": 0.0}

    def flow(self) -> None:
        """Let the requests pass until now."""
        elapsed, self._since = self._clock.now() - self._since, self._clock.now()
        on = self.share if self.share is not None else self._flags.percent
        for variant, share in (("on", on), ("off", 100.0 - on)):
            count = self.rate * elapsed * share / 100.0
            self._total[variant] += count
            self._failed[variant] += count * self.bad.get(variant, 0.0)

    def failed(self, variant: str) -> float:
        self.flow()
        return self._failed[variant]

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        self.flow()
        if self.down:
            return Snapshot(self._clock.now(), {}, dict.fromkeys([one.name for one in guardrails], self.down))
        sides = [candidate, *([baseline] if baseline is not None else [])]
        series = [{"pod": Series(float(int(self._total[side.revision])), float(int(self._failed[side.revision])), {})}
                  for side in sides]  # fmt: skip
        traffic = {side.revision: one for side, one in zip(sides, series, strict=True)}
        reading = Reading(series[0], series[1] if len(series) > 1 else {})
        return Snapshot(self._clock.now(), {one.name: reading for one in guardrails}, {}, traffic)

    def begin_afresh(self) -> bool:
        return False

    def history(
        self, guardrails: Sequence[Guardrail], backend: Backend, seconds: float, tick: float
    ) -> Mapping[str, Sequence[Sequence[tuple[int, int]]]]:
        return {}


class Simulation:
    """The flag `new-cart`, nobody exposed yet."""

    def __init__(self, declared: FeatureFlag | None = None) -> None:
        self.clock = Clock()
        self.declared = declared or flag()
        self.flags = MemoryFlags(self.declared)
        self.journal = MemoryJournalStore()
        self.users = Users(self.clock, self.flags)
        self.cancelled = Cancelled(self.clock)
        self.lines = Lines()
        self.fence = Fence()
        self.fence.arm("e1")
        self.fence.note_renewal(self.fence.now(), 1e9)
        self.leases: dict[str, LeaseState] = {}
        self.world = ExposureAdapters(
            KEY, self.flags, self.journal, self.lease(), self.users,
            self.clock.now, self.clock.advance, self.fence, "shop/prod",
        )  # fmt: skip

    def lease(self) -> MemoryLease:
        """The Lease, as another process has it."""
        return MemoryLease(self.clock.now, self.leases)

    @property
    def head(self) -> ExposureHead:
        stored = self.journal.load()
        assert stored is not None
        return parse(stored.content)

    def run(self, base: float = 0.0, salt: str = "e1") -> Exposing:
        """Run it to its end; it raises RolloutAborted as in production."""
        wanted = Wanted.of(KEY, self.declared).beyond(base)
        exposing = Exposing(
            id="e1",
            flag=KEY,
            variant=wanted.variant,
            off=wanted.off,
            salt=salt,
            base=base,
            outcome=Outcome.RUNNING,
            began=self.clock.now(),
            caveat=wanted.caveat(),
        )
        head = begun(ExposureHead(flag=KEY), exposing)
        stored = Stored(head, self.journal.save(head.to_document(), None))
        return ExposureRun(self.world, wanted, exposing, stored, self.lines, self.cancelled).run()
