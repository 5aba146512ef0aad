"""From the events of single clients to what a tick holds of them: each client once a step, bounded, nothing twice."""

from __future__ import annotations

from collections.abc import Mapping

from rollout.analysis import constants as const
from rollout.analysis.clients import DONE
from rollout.analysis.types import Counts, GuardrailCounts
from rollout.metrics.base import ClientEvents

SEEN_MOST = 50_000
"""So many clients a side are told apart in a step; later ones are not counted, which only makes a step last longer."""
WAITING_MOST = 8192
TICK_MOST = 1500
"""Failures in one tick, about 30 kB of the journal; the rest waits for the next tick."""
SETTLE_SECONDS = 2.0
"""After a change of the weight: what comes now may have been routed before it, and counts for nothing."""


class ClientLedger:
    """What is known of the clients of one guardrail in the current step."""

    def __init__(self) -> None:
        self._seen: tuple[set[str], set[str]] = (set(), set())
        self._failed: tuple[set[str], set[str]] = (set(), set())
        self._new = [0, 0]
        self._bad = [0, 0]
        self._waiting: dict[tuple[str, bool], None] = {}
        self._alive = False
        self.note = ""
        self.silent = True
        """Whether the source has shown nobody of the candidate in this step."""

    def next_step(self) -> None:
        """The weight changes: clients are counted anew."""
        for known in (*self._seen, *self._failed):
            known.clear()
        self._new, self._bad = [0, 0], [0, 0]
        self._waiting.clear()
        self.silent = True

    def take(self, events: ClientEvents, in_step: float) -> None:
        """What one look found. Looks of which no tick is made are taken too, so that nothing is lost."""
        self._alive |= events.alive
        self.silent = self.silent and not events.alive
        self.note = events.note
        if in_step < SETTLE_SECONDS:
            return
        for side, keys in enumerate(events.seen):
            self._new[side] += _add(self._seen[side], keys)
        for key, on_candidate in events.failures:
            side = 0 if on_candidate else 1
            self._new[side] += _add(self._seen[side], (key,))
            if key not in self._seen[side]:
                continue  # Beyond what is told apart: bad events of clients that were not counted.
            self._bad[side] += _add(self._failed[side], (key,))
            if len(self._waiting) < WAITING_MOST:
                self._waiting[key, on_candidate] = None

    def counts(self, known: Mapping[str, float], weight: float) -> GuardrailCounts:
        """The tick: clients that were seen, and that failed, for the first time in this step, and the failures that
        can tell something. `known` is what the evidence holds of the clients, `weight` percent."""
        failures = tuple(event for event in self._waiting if _tells(known, event, weight / 100.0))
        now, later = failures[:TICK_MOST], failures[TICK_MOST:]
        self._waiting = dict.fromkeys(later)
        candidate, baseline = (Counts(self._new[side], self._bad[side]) for side in (0, 1))
        alive, self._alive = self._alive, False
        self._new, self._bad = [0, 0], [0, 0]
        return GuardrailCounts(candidate, baseline, first_failures=now, alive=alive)


def _add(known: set[str], keys: frozenset[str] | tuple[str, ...]) -> int:
    before = len(known)
    known.update(list(keys)[: max(0, SEEN_MOST - before)])
    return len(known) - before


def _tells(known: Mapping[str, float], event: tuple[str, bool], weight: float) -> bool:
    """Whether the test would bet on it, or remember it: the rest need not be in the journal (analysis.clients.bet)."""
    key, on_candidate = event
    bound = known.get(key)
    if bound is None:
        return len(known) < const.CLIENTS_MOST
    return bound < DONE and (on_candidate or bound < weight)
