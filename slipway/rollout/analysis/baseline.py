"""What the baseline's bad share is: its record since it last changed grossly, so that an outage is not remembered as
what is usual once it is over."""

from __future__ import annotations

from math import log

from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.state import Baseline
from slipway.rollout.analysis.types import Counts


def record(baseline: Baseline, counts: Counts, phi: float) -> tuple[Baseline, bool]:
    """The record with these counts, and whether the bad share has grossly fallen: an incident is over.

    New counts are compared, in batches that could show a change, with what was recorded before. When they say that
    the share is another by more than CHANGE (a likelihood ratio test at CHANGE_NATS, with clusters of `phi` events
    as one), the record begins anew with the batch.
    """
    if not counts.total:
        return baseline, False
    total, bad = baseline.batch_total + counts.total, baseline.batch_bad + counts.bad
    before, before_bad = baseline.total - baseline.batch_total, baseline.bad - baseline.batch_bad
    all_, all_bad = before + total, before_bad + bad
    usual, now = (before_bad + 0.5) / (before + 1.0), (bad + 0.5) / (total + 1.0)
    gross = now > const.CHANGE * usual or usual > const.CHANGE * now
    if gross and before and _nats(before, before_bad, total, bad) > const.CHANGE_NATS * phi:
        return Baseline(total, bad, 0, 0), now < usual
    if total * max(usual, now) < const.BATCH:
        return Baseline(all_, all_bad, total, bad), False
    return Baseline(all_, all_bad, 0, 0), False


def _nats(first: int, first_bad: int, second: int, second_bad: int) -> float:
    """Log likelihood ratio of two bad shares against one for both."""
    pooled = (first_bad + second_bad) / (first + second)
    return _fit(first, first_bad, pooled) + _fit(second, second_bad, pooled)


def _fit(total: int, bad: int, share: float) -> float:
    good, found = total - bad, 0.0
    if bad:
        found += bad * log(bad / (total * share))
    if good:
        found += good * log(good / (total * (1.0 - share)))
    return found
