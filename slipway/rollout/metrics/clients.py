"""From the events of single clients to what a tick holds of them: each client once a step, bounded, nothing twice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from slipway.release.units import Fraction, Percent, fraction
from slipway.rollout.analysis.clients import DONE
from slipway.rollout.analysis.sampling import ALL, Sample
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.analysis.types import Counts, GuardrailCounts
from slipway.rollout.metrics.base import ClientEvents

SEEN_MOST = 50_000
"""Clients of a side that are told apart. In a step later ones are not counted, which only makes it last longer; a
watch, which lasts for days, goes on with a sample of the clients."""
WAITING_MOST = 8192
TICK_MOST = 1500
"""Failures in one tick, about 30 kB of the journal; the rest waits for the next tick."""
SETTLE_SECONDS = 2.0
"""Seconds after a change of the weight in which requests do not count, since they may have been routed before it."""


RENEW_SECONDS = 60.0
"""At 100% a client that was judged is observed anew after this long, so that a late fault is seen."""
KEPT_MOST = 2000
"""Clients of a side of which a process that goes on is told."""


@dataclass(slots=True)
class _Side:
    """Clients of one side in the current step: since when each is observed, who failed meanwhile, and since when
    those who were judged had been observed."""

    observed: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    judged: dict[str, float] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)
    new: int = 0
    bad: int = 0

    def see(self, key: str, at: float) -> None:
        if not self._knows(key) and len(self.observed) + len(self.judged) < SEEN_MOST:
            self.observed[key] = at
            self.new += key not in self.ever

    def fail(self, key: str) -> None:
        """A client that fails without having been seen is not observed: a bitmap shows the failures of clients whose
        being seen it does not show again in the same window, and of those only the failing ones would count."""
        if key in self.observed:
            self.failed.add(key)
        if key not in self.ever and len(self.ever) < SEEN_MOST:
            self.ever.add(key)
            self.bad += 1
            self.new += not self._knows(key)

    def _knows(self, key: str) -> bool:
        return key in self.observed or key in self.judged

    def judge(self, until: float) -> Counts:
        """Those observed since `until` or longer: each is judged once, good or bad."""
        total = bad = 0
        while self.observed and (since := next(iter(self.observed.items())))[1] <= until:
            del self.observed[since[0]]
            self.judged[since[0]] = until
            total, bad = total + 1, bad + (since[0] in self.failed)
            self.failed.discard(since[0])
        return Counts(total, bad)

    def forget(self, until: float) -> None:
        """Those judged before may be observed anew."""
        while self.judged and next(iter(self.judged.values())) <= until:
            del self.judged[next(iter(self.judged))]

    def take_new(self) -> Counts:
        found, self.new, self.bad = Counts(self.new, self.bad), 0, 0
        return found

    def keys(self) -> set[str]:
        """Of all clients that are known."""
        return {*self.observed, *self.judged, *self.ever}

    def keep(self, sample: Sample) -> None:
        """Forget all others, which are never counted again."""
        self.observed = {key: at for key, at in self.observed.items() if sample.has(key)}
        self.judged = {key: at for key, at in self.judged.items() if sample.has(key)}
        self.failed, self.ever = set(filter(sample.has, self.failed)), set(filter(sample.has, self.ever))

    def to_json(self, sample: Sample) -> dict[str, Any]:
        return {
            "observed": _by_time(self.observed, sample),
            "judged": _by_time(self.judged, sample),
            "failed": sorted(filter(sample.has, self.failed)),
            "ever": sorted(filter(sample.has, self.ever)),
            "new": self.new,
            "bad": self.bad,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> _Side:
        observed, judged = (
            {str(key): float(at) for at, keys in data[name] for key in keys} for name in ("observed", "judged")
        )
        failed, ever = (set(map(str, data[name])) for name in ("failed", "ever"))
        return cls(observed, failed, judged, ever, int(data["new"]), int(data["bad"]))


class ClientLedger:
    """What is known of the clients of one guardrail in the current step.

    `observe` seconds after a client was first answered it is judged: as bad if it failed meanwhile, else as good. So
    both sides have the same time, however long the step lasts, and a client that was only just seen is not good yet.

    With `thins` clients are counted in a sample once a side has too many to be told apart: on both sides alike those
    whose keys come first, so that neither gets better or worse by it. Failures bet as ever: who of the clients bets is
    the evidence's to say.
    """

    def __init__(self, observe: float, *, thins: bool = False) -> None:
        self._observe = observe
        self._thins = thins
        self._sides = Sides(_Side(), _Side())
        self._waiting: dict[tuple[str, bool], None] = {}
        self._alive = Sides(False, False)
        self._shown = -math.inf
        """When the source last showed anybody."""
        self.note = ""
        self.silent = Sides(True, True)
        """Whether the source has shown no client of either side in this step."""
        self._counted = ALL
        """Who of the clients is counted, on both sides."""
        self._betting = ALL
        """Whose failures can tell something, by the evidence."""

    def next_step(self) -> None:
        """The weight changes: clients are counted anew."""
        self._sides = Sides(_Side(), _Side())
        self._waiting.clear()
        self.silent = Sides(True, True)

    def take(self, events: ClientEvents, at: float, in_step: float) -> None:
        """What one look found. Looks of which no tick is made are taken too, so that nothing is lost."""
        self._alive = Sides(*(before or now for before, now in zip(self._alive, events.alive, strict=True)))
        self.silent = Sides(*(silent and not alive for silent, alive in zip(self.silent, events.alive, strict=True)))
        self._shown = at if events.alive.candidate or any(events.seen) else self._shown
        self.note = events.note
        if in_step < SETTLE_SECONDS:
            return
        if self._thins:
            self._make_room(events)
        for side, keys in zip(self._sides, events.seen, strict=True):
            for key in keys:
                if self._counted.has(key):
                    side.see(key, at)
        for key, on_candidate in events.failures:
            if self._counted.has(key):
                self._sides.of(on_candidate).fail(key)
            if len(self._waiting) < WAITING_MOST and self._betting.has(key):
                self._waiting[key, on_candidate] = None

    def _make_room(self, events: ClientEvents) -> None:
        """For all that this look counts: of a side that would have too many clients half stay. What is left out is so
        on both sides."""
        smaller = []
        for on_candidate, side, seen in zip((True, False), self._sides, events.seen, strict=True):
            if len(side.observed) + len(side.judged) + len(side.ever) + len(seen) + len(events.failures) <= SEEN_MOST:
                continue
            every = side.keys() | seen | {key for key, on in events.failures if on is on_candidate}
            if sum(map(self._counted.has, every)) > SEEN_MOST:
                smaller.append(self._counted.of_first(every, SEEN_MOST // 2))
        if smaller:
            self._counted = min(smaller)
            for side in self._sides:
                side.keep(self._counted)

    def counts(self, known: Mapping[str, float], weight: Percent, at: float, betting: Sample = ALL) -> GuardrailCounts:
        """The tick: clients that were seen, and that failed, for the first time in this step, those who are judged
        now, and the failures that can tell something. `known` is what the evidence holds of the clients, `betting` who
        of them bets."""
        self._betting = betting
        failures = tuple(
            event for event in self._waiting if betting.has(event[0]) and _tells(known, event, fraction(weight))
        )
        now, later = failures[:TICK_MOST], failures[TICK_MOST:]
        self._waiting = dict.fromkeys(later)
        # A source that went quiet shows no failures either: time without data makes no client good.
        judged = Sides(*(side.judge(self._shown - self._observe) for side in self._sides))
        if weight >= 100.0:
            for side in self._sides:
                side.forget(at - self._observe - RENEW_SECONDS)
        candidate, baseline = (side.take_new() for side in self._sides)
        alive, self._alive = self._alive, Sides(False, False)
        return GuardrailCounts(
            candidate,
            baseline,
            first_failures=now,
            alive=alive.candidate,
            judged=judged,
            baseline_alive=alive.baseline,
            sampled=self._counted.share,
        )

    def to_json(self, most: int = KEPT_MOST) -> dict[str, Any]:
        """What a process needs that goes on, as plain JSON values: at most `most` clients of a side. With more of them
        it counts a sample from then on, so that no client counts twice."""
        sample = self._counted
        for side in self._sides:
            sample = sample.of_first(side.keys(), most)
        return {
            "counted": sample.to_json(),
            "sides": [side.to_json(sample) for side in self._sides],
            "waiting": [[key, on] for key, on in self._waiting if sample.has(key)],
            "alive": list(self._alive),
            "shown": None if self._shown == -math.inf else self._shown,
            "silent": list(self.silent),
        }

    def go_on(self, data: Mapping[str, Any]) -> None:
        """From what another process kept by `to_json`. Raises ValueError when it is something else."""
        try:
            candidate, baseline = map(_Side.from_json, data["sides"])
            self._sides = Sides(candidate, baseline)
            self._waiting = {(str(key), bool(on)): None for key, on in data["waiting"]}
            self._counted, self._alive = Sample.from_json(data["counted"]), Sides(*map(bool, data["alive"]))
            self._shown = -math.inf if data["shown"] is None else float(data["shown"])
            self.silent = Sides(*map(bool, data["silent"]))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"these are no clients of a watch: {error!r}") from error


def _by_time(clients: Mapping[str, float], sample: Sample) -> list[list[Any]]:
    """In their order, those of one instant together: `[seconds, [keys]]`."""
    kept = ((key, at) for key, at in clients.items() if sample.has(key))
    return [[at, [key for key, _ in group]] for at, group in groupby(kept, key=lambda one: one[1])]


def _tells(known: Mapping[str, float], event: tuple[str, bool], weight: Fraction) -> bool:
    """Whether the test would bet on it, or remember it: the rest need not be in the journal (analysis.clients.bet)."""
    if weight <= 0.0:
        return False
    key, on_candidate = event
    bound = known.get(key)
    if bound is None:
        return True
    return bound < DONE and (on_candidate or bound < weight)
