"""Counters as they were read at one instant, as plain JSON values: what a process that takes a watch over compares its
first look with, so that what was counted in between is neither lost nor counted twice. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.metrics.emitters import Emitters


def snapshot_to_json(snapshot: Snapshot) -> dict[str, Any]:
    """Only what is counted up; events that are handed out once belong to the look that had them."""
    readings = {
        name: {
            "candidate": _side_to_json(reading.candidate),
            "baseline": _side_to_json(reading.baseline),
            "emitters": [reading.emitters.at, dict(reading.emitters.not_before)],
        }
        for name, reading in snapshot.readings.items()
    }
    return {"at": snapshot.at, "readings": readings}


def snapshot_from_json(data: Mapping[str, Any]) -> Snapshot:
    """The inverse. Raises ValueError when it is something else."""
    try:
        readings = {
            name: Reading(
                _side_from_json(one["candidate"]),
                _side_from_json(one["baseline"]),
                emitters=_emitters_from_json(one.get("emitters", [0.0, {}])),
            )
            for name, one in data["readings"].items()
        }
        return Snapshot(float(data["at"]), readings, {})
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"these are not counters: {error!r}") from error


def _side_to_json(side: Mapping[str, Series]) -> dict[str, Any]:
    return {
        emitter: [one.total, one.bad, one.good, one.at, [[str(bound), count] for bound, count in one.buckets.items()]]
        for emitter, one in side.items()
    }


def _emitters_from_json(data: Sequence[Any]) -> Emitters:
    at, not_before = data
    return Emitters(float(at), {emitter: float(began) for emitter, began in not_before.items()})


def _side_from_json(data: Mapping[str, Any]) -> dict[str, Series]:
    return {
        emitter: Series(
            float(total),
            float(bad),
            {float(bound): float(count) for bound, count in buckets},
            None if good is None else float(good),
            float(at),
        )
        for emitter, (total, bad, good, at, buckets) in data.items()
    }
