"""Counts that are held back until the other side has some.

A tick in which only one side has new requests cannot compare anything, as when the pods of a guardrail are scraped at
different moments: its counts are added up until both sides have some.
"""

from __future__ import annotations

from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.state import Pending
from slipway.rollout.analysis.types import Counts, GuardrailCounts

NONE = Pending()


def gather(pending: Pending, counts: GuardrailCounts, length: float, alone: bool, warm: bool) -> tuple[Pending, bool]:
    """What there is to bet on with this tick's counts, and whether it is complete: both sides have requests, or
    there is nothing to wait for (`alone`), or it has waited for PENDING_SECONDS.

    That depends on the numbers of requests only, never on how many were bad, so the bets stay fair.
    """
    if pending.seconds and pending.warm == warm:
        candidate, baseline = _sum(pending.candidate, counts.candidate), _sum(pending.baseline, counts.baseline)
        seconds = pending.seconds + length
    else:
        candidate, baseline, seconds = counts.candidate, counts.baseline, length
    found = Pending(candidate, baseline, seconds, warm)
    some = candidate.total or candidate.bad
    complete = bool(some) if alone else bool(some and baseline.total)
    return found, complete or seconds >= const.PENDING_SECONDS


def _sum(first: Counts, second: Counts) -> Counts:
    total, bad = first.total + second.total, first.bad + second.bad
    if not first.total or not second.total:
        return Counts(total, bad, second.bounds or first.bounds, second.slower or first.slower)
    if first.bounds != second.bounds:
        return Counts(total, bad)
    return Counts(total, bad, first.bounds, tuple([a + b for a, b in zip(first.slower, second.slower, strict=True)]))
