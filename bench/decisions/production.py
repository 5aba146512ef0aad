"""The production decision on one recording, through the public function that the provider calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.decisions.recordings import Pod, Recordings
from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.rollout.analysis import Counts, GuardrailCounts, Tick, Verdict, begin, dispersion, observe

NAME = "errors"


@dataclass(frozen=True, slots=True)
class Recording:
    """One rollout: counts per tick (shape (ticks,)), the tick's seconds, the candidate's share as a fraction, the
    declared warm-up in seconds, and an hour of the stable version before: per pod ticks of (total, bad)."""

    candidate_total: NDArray[np.int64]
    candidate_bad: NDArray[np.int64]
    baseline_total: NDArray[np.int64]
    baseline_bad: NDArray[np.int64]
    tick: float
    weight: float
    warm_up: float
    history: tuple[Pod, ...]
    objective: float | None = None


def single(recordings: Recordings, run: int) -> Recording:
    """One run of many."""
    return Recording(
        recordings.candidate_total[run],
        recordings.candidate_bad[run],
        recordings.baseline_total[run],
        recordings.baseline_bad[run],
        recordings.tick,
        recordings.weight,
        recordings.warm_up,
        tuple(recordings.history),
        recordings.objective,
    )


def slipway(recording: Recording, tolerate: float = 1.1, phi: float | None = None) -> float | None:
    """Seconds until the abort; None when the release would not have been aborted."""
    phi = dispersion.estimate(recording.history) if phi is None else phi
    guardrail = ErrorRatio(kind="error-ratio", name=NAME, tolerate=tolerate, objective=recording.objective)
    analysis = Analysis(tick=recording.tick, warm_up=recording.warm_up)
    evidence = begin((guardrail,), analysis, dispersion={NAME: phi})
    rows = zip(
        recording.candidate_total.tolist(),
        recording.candidate_bad.tolist(),
        recording.baseline_total.tolist(),
        recording.baseline_bad.tolist(),
        strict=True,
    )
    for index, (candidate, bad, baseline, other) in enumerate(rows):
        at = (index + 1) * recording.tick
        counts = {NAME: GuardrailCounts(Counts(candidate, bad), Counts(baseline, other))}
        evidence, decision = observe(
            evidence, Tick(at, at, recording.tick, 100.0 * recording.weight, counts, errors={})
        )
        if decision.verdict is Verdict.FAIL:
            return at
    return None
