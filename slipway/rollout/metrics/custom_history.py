"""The past of a custom guardrail, as ticks: business events come in clusters as errors do."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping

from slipway.release.manifest.guardrails import Custom
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.metrics.counters import carry, deltas
from slipway.rollout.metrics.custom import PART, query, series_of
from slipway.rollout.metrics.history import Ticks
from slipway.rollout.metrics.prometheus_answer import Json
from slipway.rollout.metrics.prometheus_api import Prometheus

LOOKS_MOST = 720
"""Evaluations of a query at most: every five seconds of an hour."""


def past(api: Prometheus, guardrail: Custom, backend: Backend, seconds: float, tick: float) -> Ticks:
    """Per emitter (one set of labels), ticks of (total, bad). Raises ClusterError. What an emitter had counted when it
    was seen first is no event of these ticks."""
    step = max(tick, seconds / LOOKS_MOST)
    text = f"({query(guardrail, [backend])})[{math.ceil(seconds)}s:{round(1000 * step)}ms]"
    emitters = _emitters(api.ranges(text))
    times = sorted({at for values in emitters.values() for at in values})
    return [_ticks(values, times) for values in emitters.values()]


def _emitters(result: Iterable[Json]) -> dict[str, dict[float, Series]]:
    """Emitter -> time -> what it had counted."""
    parts: dict[str, dict[str, dict[float, float]]] = {}
    for one in result:
        labels = {key: value for key, value in one["metric"].items() if key != "__name__"}
        part = labels.pop(PART, "").rpartition("_")[2]
        values = {float(at): float(value) for at, value in one.get("values") or []}
        finite = {at: value for at, value in values.items() if math.isfinite(value) and value >= 0}
        parts.setdefault(json.dumps(labels, sort_keys=True), {})[part] = finite
    return {
        emitter: {at: series_of(count, found.get("good", {}).get(at, 0.0)) for at, count in found["total"].items()}
        for emitter, found in parts.items()
        if "total" in found
    }


def _ticks(values: Mapping[float, Series], times: Iterable[float]) -> list[tuple[int, int]]:
    kept: Snapshot | None = None
    found = []
    for at in times:
        readings = {"": Reading({"": values[at]}, {})} if at in values else {}
        now = Snapshot(at, readings, {})
        counts = deltas(kept, now).get("") if kept is not None else None
        found.append((counts.candidate.total, counts.candidate.bad) if counts is not None else (0, 0))
        kept = carry(kept, now)
    return found
