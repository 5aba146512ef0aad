"""Whether series that name the same Envoy are copies of one Envoy's counters. Pure.

Two jobs or two replicas of Prometheus may each scrape one Envoy; its counters then count once. Two Envoys whose series
have the same `pod` or `instance` label (a static label, a federation without honor_labels) look alike, and their
counters taken in turn would look like restarts. Copies agree on one course over time; two Envoys do not.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

from slipway.release.errors import ClusterError

SKEW = 1.0
"""Seconds by which the clocks of two replicas may differ while their samples are compared."""
STARTED_TOGETHER = 5.0
"""Seconds by which the start of one Envoy may differ as two scrapers compute it: uptime counts whole seconds."""

Values = Sequence[tuple[float, float]]
"""(Unix seconds, cumulative value), the oldest first."""


def check_copies(result: Iterable[Mapping[str, Any]], own: Sequence[str], uptime: str) -> None:
    """Raise ClusterError when two series that agree in `own` (labels that tell series of one Envoy apart) and in their
    emitter cannot be of the same Envoy. `uptime` is the gauge of an Envoy's age in seconds."""
    alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for one in result:
        if one.get("values"):
            metric = one["metric"]
            alike[emitter_of(metric), *(metric.get(label, "") for label in ("__name__", *own))].append(one)
    for (_, name, *_), several in alike.items():
        for first, second in combinations(several, 2):
            if not _one_envoy(name == uptime, _values(first), _values(second)):
                raise ClusterError(_two_envoys(name, first["metric"], second["metric"]))


def emitter_of(metric: Mapping[str, str]) -> str:
    """The name of the Envoy that a series is about: its pod, else the address that was scraped."""
    return metric.get("pod") or metric.get("instance") or ""


def _one_envoy(is_uptime: bool, first: Values, second: Values) -> bool:
    return _started_once(first, second) if is_uptime else _on_one_course(first, second)


def _started_once(first: Values, second: Values) -> bool:
    """Whether both uptimes mean the same start, or one was sampled before the other's process began (a restart)."""
    (older_at, older), (newer_at, newer) = sorted((first[-1], second[-1]), key=lambda sample: sample[0] - sample[1])
    started, restarted = older_at - older, newer_at - newer
    return restarted - started <= STARTED_TOGETHER or older_at <= restarted + STARTED_TOGETHER


def _on_one_course(first: Values, second: Values) -> bool:
    """Whether one growing counter explains both, with clocks at most SKEW apart. A counter that fell by itself began
    anew, so nothing can be said."""
    if _fell(first) or _fell(second):
        return True
    # With the first series' clock `shift` behind, a higher value must be later and a lower one earlier.
    least, most = -math.inf, math.inf
    for at, value in first:
        for other_at, other in second:
            if value > other:
                least = max(least, other_at - at)
            elif value < other:
                most = min(most, other_at - at)
    return least <= most and least <= SKEW and most >= -SKEW


def _fell(values: Values) -> bool:
    return any(after < before for (_, before), (_, after) in pairwise(values))


def _values(series: Mapping[str, Any]) -> Values:
    return [(float(at), float(value)) for at, value in series["values"]]


def _two_envoys(name: str, first: Mapping[str, str], second: Mapping[str, str]) -> str:
    label = "pod" if first.get("pod") else "instance"
    differing = sorted(key for key in {*first, *second} if first.get(key) != second.get(key))
    told_apart = ", ".join(f"{key} ({first.get(key, '')!r} and {second.get(key, '')!r})" for key in differing)
    return (
        f"two Envoys have the label {label}={first.get(label, '')!r}: their {name} disagree, and they differ in "
        f"{told_apart or 'no label'}; give each Envoy a {label} label of its own (honor_labels where one is federated)"
    )
