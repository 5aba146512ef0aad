"""A recording through the production decision: the same functions, the same numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slipway.release.units import Percent
from slipway.rollout.analysis.evidence import Evidence, next_step
from slipway.rollout.analysis.observe import observe
from slipway.rollout.analysis.types import Decision, Tick, Verdict


@dataclass(frozen=True, slots=True)
class Replay:
    """The decision that counts: the one that aborts, else the last. `at` is its time, `looks` how many were made;
    `passed_at` is since when the last weight could have been left (None: not at the end)."""

    decision: Decision
    at: float
    looks: int
    passed_at: float | None
    trace: tuple[tuple[float, Decision], ...]
    evidence: Evidence


def replay(evidence: Evidence, ticks: Iterable[Tick]) -> Replay:
    """Observe tick by tick until an abort or the end; at each change of weight a new step begins.

    Raises ValueError without ticks.
    """
    trace: list[tuple[float, Decision]] = []
    weight: tuple[Percent, Percent] | None = None
    passed: float | None = None
    for tick in ticks:
        if weight is not None and (tick.weight, tick.mirror) != weight:
            evidence, passed = next_step(evidence), None
        weight = tick.weight, tick.mirror
        evidence, decision = observe(evidence, tick)
        trace.append((tick.at, decision))
        if decision.verdict is not Verdict.PASS:
            passed = None
        elif passed is None:
            passed = tick.at
        if decision.verdict is Verdict.FAIL:
            break
    if not trace:
        raise ValueError("the recording has no ticks")
    return Replay(trace[-1][1], trace[-1][0], len(trace), passed, tuple(trace), evidence)
