"""What one run showed, computed from what the clients saw. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.peers.matrix import Fault
from sandbox.sample.records import Counts, Failure

CANDIDATE = "candidate"
BASELINE = "baseline"
LATE_MS = 250.0
"""A load generator that is later than this in a second was kept from running: the machine was overloaded."""
LATE_SHARE = 0.05
"""So many of a run's seconds may be late."""
UNANSWERED_MOST = 5
"""Requests that were not answered in time. No fault here makes a version silent: the gateway was kept from running."""


@dataclass(frozen=True)
class Measured:
    """`seconds_to_safe`: from the first faulty response to the candidate's last response, None when it was not aborted
    or had no fault. `client_failures`: failed or too slow responses, without the usual errors of the serving version.
    `undisturbed`: whether the machine kept up."""

    seconds_to_safe: float | None
    client_failures: int
    undisturbed: bool


def measured(counts: Counts, fault: Fault, *, aborted: bool) -> Measured:
    """The figures of a finished run. Raises ValueError when an aborted run shows no fault at all although it has one:
    then something else ended it, and its figures would mean nothing."""
    begin = first_faulty(counts, fault)
    last = counts.last_response(CANDIDATE)
    if aborted and fault.begins != "never" and (begin is None or last is None):
        raise ValueError("aborted before the client saw the fault")
    seconds = max(0.0, last - begin) if aborted and begin is not None and last is not None else None
    slow = counts.count(CANDIDATE, "200") if fault.slow else 0
    failed = sum(not is_usual(failure, fault) for failure in counts.failures)
    return Measured(seconds, failed + slow, _undisturbed(counts))


def is_usual(failure: Failure, fault: Fault) -> bool:
    """Whether it is one of the errors that the serving version has anyway."""
    return fault.noisy and failure.version == BASELINE and failure.status == "500"


def _undisturbed(counts: Counts) -> bool:
    late = sum(interval.late_ms > LATE_MS for interval in counts.intervals)
    unanswered = sum(failure.status == "timeout" for failure in counts.failures)
    return late <= LATE_SHARE * len(counts.intervals) and unanswered <= UNANSWERED_MOST


def first_faulty(counts: Counts, fault: Fault) -> float | None:
    """When the client got the first faulty response; None while it has none."""
    match fault.begins:
        case "first-response":
            return counts.first_response(CANDIDATE)
        case "first-failure":
            return counts.first_failure(CANDIDATE)
        case "never":
            return None


def median(values: Sequence[float]) -> float | None:
    """The middle value, the mean of the two middle ones for an even number; None without any."""
    return statistics.median(values) if values else None
