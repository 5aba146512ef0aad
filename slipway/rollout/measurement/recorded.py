"""The journal's records of ticks: written, and read back into the decision. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from slipway.release.units import Percent
from slipway.rollout.analysis.evidence import Evidence, known_to_json, next_step
from slipway.rollout.analysis.observe import observe
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.analysis.types import Counts, Decision, GuardrailCounts, GuardrailResult, Tick, Verdict

CHECKPOINT = 100
"""At least every CHECKPOINT ticks a record carries the evidence, so that a replay can begin there."""
FIRST, CHANGED = "first", "changed"
"""What `turn` says of a tick: the first one of a step, or one that changed the verdict."""


class Checkpoints:
    """Which ticks carry the evidence from before them."""

    def __init__(self) -> None:
        self._since = 0

    def mark(self, before: Evidence, former: Verdict | None, verdict: Verdict) -> dict[str, Any]:
        """What to add to the record of a tick; `former` is the verdict before it, None at the beginning of a step."""
        self._since += 1
        turn = FIRST if former is None else CHANGED if former is not verdict else None
        if turn is None and self._since < CHECKPOINT:
            return {}
        self._since = 0
        known = known_to_json(before.settings.known)
        return {"before": before.to_json()["states"], "known": known, **({"turn": turn} if turn else {})}


def record_of(tick: Tick, decision: Decision) -> dict[str, Any]:
    """Everything that is needed in order to decide this tick again, and what was decided."""
    return {
        "at": tick.at,
        "inStep": tick.in_step,
        "length": tick.length,
        "weight": tick.weight,
        **({"mirror": tick.mirror} if tick.mirror else {}),
        "counts": {name: fields_of(counts) for name, counts in tick.counts.items()},
        "errors": dict(tick.errors),
        "verdict": decision.verdict.value,
        "statistic": decision.statistic,
        "threshold": decision.threshold,
        "findings": [fields_of(finding) for finding in decision.findings],
    }


OF_WATCHES = frozenset({"baseline_alive", "sampled"})
"""Fields that decide nothing in a rollout; the looks of a watch are not recorded."""


def fields_of(value: Counts | GuardrailCounts | GuardrailResult) -> dict[str, Any]:
    """Names and values of its fields, as dataclasses.asdict has them, which copies each value and takes a quarter of a
    look."""
    return {name: _plain(getattr(value, name)) for name in value.__slots__ if name not in OF_WATCHES}


def _plain(value: object) -> object:
    if isinstance(value, Counts):
        return fields_of(value)
    if isinstance(value, tuple) and value and isinstance(value[0], Counts):
        return tuple(map(_plain, value))
    return value


def replay_records(evidence: Evidence, records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[float, Decision]]:
    """Time and decision of every tick that is kept in full. `evidence` is that of the rollout's beginning.

    Records that stand for several ticks decide nothing; what follows after one is decided again as soon as a tick
    brings the evidence from before it.
    """
    known, weight = True, None
    for record in records:
        if "ticks" in record:
            known = False
            continue
        if weight is not None and weights_of(record) != weight:
            evidence = next_step(evidence)
        weight = weights_of(record)
        if "before" in record:
            known, evidence = True, _restored(evidence, record)
        if known:
            evidence, decision = observe(evidence, tick_of(record))
            yield record["at"], decision


def weights_of(record: Mapping[str, Any]) -> tuple[Percent, Percent]:
    """Percent of the traffic that the candidate had, and of which it got copies; another of them is another step."""
    return record["weight"], record.get("mirror", 0.0)


def tick_of(record: Mapping[str, Any]) -> Tick:
    """Raises KeyError or TypeError for a record of something else."""
    counts = {name: _counts(sides) for name, sides in record["counts"].items()}
    weight, mirror = weights_of(record)
    return Tick(record["at"], record["inStep"], record["length"], weight, counts, record["errors"], mirror)


def _restored(evidence: Evidence, record: Mapping[str, Any]) -> Evidence:
    known = record.get("known", {"dispersion": record.get("dispersion", {})})
    return Evidence.from_json({**evidence.to_json(), **known, "states": record["before"]})


def _counts(found: Mapping[str, Any]) -> GuardrailCounts:
    judged = found.get("judged")
    return GuardrailCounts(
        _side(found["candidate"]),
        _side(found["baseline"]),
        found.get("firing"),
        tuple((key, failed) for key, failed in found.get("first_failures", ())),
        found.get("alive", False),
        tuple((text, own, other) for text, own, other in found.get("signatures", ())),
        None if judged is None else Sides(*map(_side, judged)),
    )


def _side(found: Mapping[str, Any]) -> Counts:
    return Counts(found["total"], found["bad"], tuple(found.get("bounds", ())), tuple(found.get("slower", ())))
