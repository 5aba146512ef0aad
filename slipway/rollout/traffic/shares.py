"""Traffic shares: is what was measured what was written, and what share may a recovering backend take. Pure."""

from __future__ import annotations

import math

from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent, fraction, percent_of
from slipway.rollout.routers.base import Split

MIN_REQUESTS = 100
"""Fewer requests in a step say nothing about the share."""
DEVIATIONS = 6.0
SLACK = 0.25


def share_problem(weight: Percent, candidate: int, baseline: int, *, sticky: bool) -> str | None:
    """Whether the data plane splits as written: None, or one line that says what was measured.

    `weight` is in percent, the counts are the requests of the step. The tolerance is six standard deviations
    of a binomial share plus a quarter of the smaller side, since a proxy spreads over workers and pods. With
    declared sticky clients only an absent side is a problem: the weight is then a share of clients, and a few of
    them may send most of the requests. Undeclared ones show themselves here.
    """
    total = candidate + baseline
    if candidate == 0:
        return f"no traffic reached the candidate ({total} requests in this step)"
    if weight >= 100 or sticky or total < MIN_REQUESTS:
        return None
    wanted, measured = fraction(weight), candidate / total
    tolerance = DEVIATIONS * math.sqrt(wanted * (1 - wanted) / total) + SLACK * min(wanted, 1 - wanted)
    if abs(measured - wanted) <= tolerance:
        return None
    return (
        f"the measured share is {measured:.1%} of {total} requests, the weight {wanted:.1%}: either the data plane "
        "does not split as written, or clients stick to one side, which route.affinity should then declare"
    )


def copy_problem(percent: Percent, copies: int, requests: int) -> str | None:
    """The same for copies of `percent` of the requests of some methods: there are some, and never more than that."""
    if copies == 0:
        return f"no copy of a request reached the candidate ({requests} requests in this step)"
    wanted = fraction(percent) * requests
    if requests < MIN_REQUESTS or copies <= wanted + DEVIATIONS * math.sqrt(wanted) + SLACK * wanted:
        return None
    return (
        f"{copies} requests reached the candidate, of which the route copies {percent:.4g}% of {requests} at most: "
        "something else sends to it"
    )


def missing_share(weight: Percent, candidate: int, baseline: int) -> str | None:
    """For counts that a request without an answer is not in: why the candidate fails, None while nothing shows it. A
    candidate that refuses, hangs or dies is counted below its weight, beyond the tolerance of `share_problem`."""
    total = candidate + baseline
    if not 0 < weight < 100 or total < MIN_REQUESTS:
        return None
    wanted, measured = fraction(weight), candidate / total
    tolerance = DEVIATIONS * math.sqrt(wanted * (1 - wanted) / total) + SLACK * min(wanted, 1 - wanted)
    if measured >= wanted - tolerance:
        return None
    return (
        f"only {measured:.1%} of {total} answered requests are the candidate's, the weight is {wanted:.1%}: it leaves "
        "requests without an answer, which its own counters cannot show"
    )


def returning_split(
    old: Backend, old_ready: int, old_wanted: int, candidate: Backend | None, candidate_ready: int
) -> Split | None:
    """The split on the way back: all to the old backend once enough of it is ready, else by its ready share.

    None means that no backend is ready, so that there is nothing better than what is written now.
    """
    if old_ready >= max(1, old_wanted):
        return Split.whole(old)
    if candidate is None or candidate_ready == 0 or candidate.entry == old.entry:
        return Split.whole(old) if old_ready > 0 else None
    if old_ready == 0:
        return Split.whole(candidate)
    weight = round(percent_of(old_ready, old_wanted), 2)
    return Split(((old, weight), (candidate, 100.0 - weight)))
