"""What a trial is like, by its seed, and what its looks at the cluster say of it. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STEPS = ((10, 100), (30, 100), (50, 100), (5, 25, 100))
ABORTED_EVERY, LATE_EVERY = 4, 8
"""Of so many trials one releases a faulty version, and one a version that becomes faulty when it may have all of the
traffic."""
BURSTS = (0, 0, 1, 2)
"""Pods that the load needs beyond what served at the beginning."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A release from `before` pods in steps of percent; `bad` when its version is faulty, `late` when it is at first
    not."""

    seed: int
    before: int
    steps: tuple[int, ...]
    bad: bool
    late: bool
    standby: bool
    """Whether what serves now is kept warm."""


def trial(seed: int) -> Trial:
    """The trial of a seed."""
    chance = random.Random(seed)
    bad, late = seed % ABORTED_EVERY == ABORTED_EVERY - 1, seed % LATE_EVERY == LATE_EVERY - 1
    return Trial(seed, chance.randint(2, 4), chance.choice(STEPS), bad, late, chance.random() < 0.5)


def burst(seed: int, seconds: float) -> int:
    """Pods that the load needs more, by now; another number every ten seconds."""
    return random.Random(seed * 1000 + int(seconds // 10)).choice(BURSTS)


@dataclass(frozen=True, slots=True)
class Look:
    """At one time: percent of the traffic and ready pods of each version, by the name of its Service. A share is the
    smaller one of those that were read before and after the pods."""

    share: Mapping[str, float]
    ready: Mapping[str, int]


def shortages(looks: Iterable[Look], before: int) -> Iterator[str]:
    """Where a version had fewer ready pods than its share of the traffic had before."""
    for look in looks:
        for name, share in look.share.items():
            needed = math.ceil(before * share / 100 - 1e-9)
            if share > 0 and look.ready.get(name, 0) < needed:
                yield f"{name} at {share:g}% had {look.ready.get(name, 0)} of {needed}"


def least(looks: Iterable[Look], name: str, from_share: float) -> int | None:
    """The fewest ready pods that a version had while its share was at least this; None if it never was."""
    counts = [look.ready.get(name, 0) for look in looks if look.share.get(name, 0.0) >= from_share]
    return min(counts, default=None)


def least_in_route(looks: Iterable[Look], name: str) -> int | None:
    """The fewest ready pods that a version had as long as it had traffic or was what the traffic could go back to: up
    to the last look at which another one had not all of it for good."""
    seen = list(looks)
    ends = len(seen)
    while ends and seen[ends - 1].share.get(name, 0.0) == 0:
        ends -= 1
    return min((look.ready.get(name, 0) for look in seen[:ends]), default=None)


def row(one: Trial, old: str, new: str, looks: Sequence[Look], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is written of a trial. `facts` are what was counted beside the looks."""
    committed = bool(looks) and looks[-1].share.get(new, 0.0) >= 100
    short = list(shortages(looks, one.before))
    serving = least(looks, new if committed else old, 100)
    good = (
        not short
        and committed is not one.bad
        and serving is not None
        and serving >= one.before
        and facts["failed_requests"] == 0
        and facts["minimum_after"] == facts["minimum_declared"]
    )
    return {
        "seed": one.seed,
        "steps": list(one.steps),
        "outcome": "committed" if committed else "aborted",
        "most_percent_of_new": max((look.share.get(new, 0.0) for look in looks), default=0.0),
        "pods_before": one.before,
        "least_pods_of_old_with_traffic": least_in_route(looks, old),
        "least_pods_at_100": serving,
        "short": short,
        "looks": len(looks),
        **facts,
        "good": good,
    }
