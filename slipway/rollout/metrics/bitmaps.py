"""Outcomes of single clients from bitmaps that the service itself exports. The format is in docs/sticky-clients.md.

A pod exports, for the clients that it answered and for those that it failed, 4,096 bits: bit b is set when a client
whose key hashes to bucket b was there in the present window. They are gauges of 52 bits each, which a float64 carries
exactly, with the label `word` from 0 to 78; the gauge with `word="window"` numbers the window, and when it changes all
bits begin anew. Windows are what makes an old pod, whose bits would all be set, comparable with a new one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, KeysView, Mapping, Sequence
from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ClientFailures
from slipway.release.rollout_inputs import Backend
from slipway.rollout.analysis.clients import COARSE
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.metrics.base import ClientEvents
from slipway.rollout.metrics.custom import fill
from slipway.rollout.metrics.prometheus_answer import Json
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.metrics.salt import Salt

BUCKETS = 4096
WORD_BITS = 52
"""A float64 has 53 bits for whole numbers."""
WORDS = -(-BUCKETS // WORD_BITS)
KEPT_MOST = 64
"""Bitmaps of which a process that goes on is told, about 1 kB each: those of 32 pods. With more of them it begins anew:
what was seen and failed in between counts for neither side."""
WORD, WINDOW, PART = "word", "window", "slipway_part"
SIDES, WHAT = ("candidate", "baseline"), ("seen", "failed")

Bits = tuple[float, int]
"""Number of the window, and the bitmap as one whole number."""
Pods = Mapping[str, Bits]


class BitmapReader:
    """The bitmaps as one guardrail reads them. The first look finds nothing: it marks where the rollout begins."""

    def __init__(self, api: Prometheus, guardrail: ClientFailures, salt: Salt) -> None:
        self._api = api
        self._guardrail = guardrail
        self._salt = salt
        self._before: dict[str, Pods] | None = None

    def look(self, candidate: Backend, baseline: Backend | None) -> tuple[float, ClientEvents]:
        """Time of the look, and the bits that were set since the last one, over all pods. Raises ClusterError."""
        sides = [candidate] if baseline is None else [candidate, baseline]
        at, now = parse(self._api.query(query(self._guardrail, sides)))
        first, before = self._before is None, self._before or {}
        # A pod that is missing for a look would otherwise show old bits as new ones.
        known: dict[str, Pods] = {part: {**before.get(part, {}), **now.get(part, {})} for part in {*before, *now}}
        if baseline is not None and "baseline_seen" not in now:
            raise ClusterError(
                "the queries seen and failed gave no series of the baseline, so no failure there would count; "
                "check its scraping, and export the bitmaps in a release before the one that is judged by them"
            )
        self._before = known
        new = {part: 0 if first else _news(before.get(part, {}), pods) for part, pods in now.items()}
        seen = Sides(*(frozenset(self._keys(new.get(f"{side}_seen", 0))) for side in SIDES))
        # A bucket that failed on both sides at once failed on the baseline first: which is so is not known, and
        # this never speaks against the candidate.
        failures = [
            (key, side == "candidate") for side in reversed(SIDES) for key in self._keys(new.get(f"{side}_failed", 0))
        ]
        alive = Sides(*(_alive(now.get(f"{side}_seen", {})) for side in SIDES))
        return at, ClientEvents(seen, tuple(failures), alive)

    def reached(self) -> dict[str, Any] | None:
        """The bits that are known; None before the first look, and where they are those of too many pods."""
        if self._before is None or sum(len(pods) for pods in self._before.values()) > KEPT_MOST:
            return None
        return {
            part: {pod: [window, f"{bits:x}"] for pod, (window, bits) in pods.items()}
            for part, pods in self._before.items()
        }

    def go_on(self, reached: Mapping[str, Any]) -> None:
        """From where another process was. Raises one of ValueError, TypeError and AttributeError."""
        self._before = {
            part: {pod: (float(window), int(bits, 16)) for pod, (window, bits) in pods.items()}
            for part, pods in reached.items()
        }

    def _keys(self, bits: int) -> list[str]:
        return [COARSE + self._salt.hashed(str(bucket)) for bucket in buckets(bits)]


def query(guardrail: ClientFailures, sides: Sequence[Backend]) -> str:
    """All four parts in one query, each marked by a label: a query sees whole scrapes only."""
    parts = []
    for side, backend in zip(SIDES, sides, strict=False):
        for what, text in zip(WHAT, (guardrail.seen, guardrail.failed), strict=True):
            parts.append(f'label_replace({fill(text or "", backend)},"{PART}","{side}_{what}","","")')
    return " or ".join(parts)


def parse(result: Iterable[Json]) -> tuple[float, dict[str, Pods]]:
    """Time, and part -> pod -> bits. A pod is one set of labels but `word`. Raises ClusterError for what is no
    bitmap: half a bitmap would be taken for clients that did not fail."""
    words: dict[tuple[str, str], dict[str, float]] = {}
    at = 0.0
    for series in result:
        labels = {key: value for key, value in series["metric"].items() if key != "__name__"}
        part, word = labels.pop(PART, ""), labels.pop(WORD, "")
        at, value = float(series["value"][0]), float(series["value"][1])
        words.setdefault((part, json.dumps(labels, sort_keys=True)), {})[word] = value
    if not words:
        raise ClusterError("the queries seen and failed gave no series for either side; check them and the scraping")
    found: dict[str, dict[str, Bits]] = {}
    for (part, pod), values in words.items():
        found.setdefault(part, {})[pod] = _bits(part, values)
    for side in SIDES:
        _check_both(side, *(found.get(f"{side}_{what}", {}).keys() for what in WHAT))
    return at, dict[str, Pods](found)


def _check_both(side: str, seen: KeysView[str], failed: KeysView[str]) -> None:
    """Who is seen and never shown as failed would be taken for good."""
    if seen != failed:
        raise ClusterError(
            f"the queries seen and failed give {len(seen)} and {len(failed)} pods of the {side}, or different labels; "
            "export both bitmaps in each pod, and aggregate both alike"
        )


def buckets(bits: int) -> list[int]:
    """The numbers of the bits that are set, growing."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found


def _bits(part: str, values: Mapping[str, float]) -> Bits:
    names = {str(word) for word in range(WORDS)}
    if values.keys() != names | {WINDOW}:
        raise ClusterError(
            f"the query {part.replace('_', ' ')} gave {len(values)} words of a pod, not the {WORDS} of a bitmap and "
            f"its window; export {WORD}=0 to {WORDS - 1} and {WORD}={WINDOW}, and keep the pod's label in the query"
        )
    bits = 0
    for name in names:
        value = values[name]
        if not 0 <= value < 2**WORD_BITS or value != int(value):
            raise ClusterError(
                f"the query {part.replace('_', ' ')} gave the word {value:g}, which is no {WORD_BITS} bits"
            )
        bits |= int(value) << (WORD_BITS * int(name))
    if not math.isfinite(values[WINDOW]):
        raise ClusterError(f"the query {part.replace('_', ' ')} gave the window {values[WINDOW]}, which is no number")
    return values[WINDOW], bits


def _news(before: Pods, now: Pods) -> int:
    """Bits that any pod has set since. A pod that is new, or in a new window, has set all that it shows."""
    found = 0
    for pod, (window, bits) in now.items():
        former = before.get(pod)
        known = former[1] if former is not None and former[0] == window else 0
        found |= bits & ~known
    return found


def _alive(pods: Pods) -> bool:
    newest = max((window for window, _ in pods.values()), default=0.0)
    return any(bits and window == newest for window, bits in pods.values())
