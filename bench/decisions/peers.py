"""What others would have decided from the same counts, by the behaviour that they document.

Argo Rollouts: a success-rate measurement every 60 s, failureLimit 3: the analysis fails at the fourth failed
measurement, counted over the whole run. Flagger: a check every 60 s, every failed check counts, and the canary is
rolled back at the check after the fifth. Kayenta: Mann-Whitney on the minutes so far, confidence 98%, a shift
counts when its interval lies beyond a quarter of its Hodges-Lehmann estimate, judged every 10 minutes and at the
end. Each skips a minute without candidate traffic.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln  # type: ignore[import-untyped]
from scipy.stats import norm  # type: ignore[import-untyped]

from bench.decisions.recordings import Recordings
from bench.decisions.vector import Floats, gathered

MINUTE = 60.0
ALPHA = 0.01


def argo(recordings: Recordings, limit: float) -> Floats:
    """Success rate at least `limit`, failureLimit 3."""
    return _nth_failed_minute(recordings, limit, 4, 0)


def flagger(recordings: Recordings, limit: float, threshold: int = 5) -> Floats:
    """Success rate at least `limit`, `threshold` failed checks."""
    return _nth_failed_minute(recordings, limit, threshold, 1)


def _nth_failed_minute(recordings: Recordings, limit: float, number: int, later: int) -> Floats:
    total, bad = _minutes(recordings, recordings.candidate_total), _minutes(recordings, recordings.candidate_bad)
    failed = np.cumsum((total > 0) & (total - bad < limit * total), axis=1)
    reached = failed >= number
    times = (np.argmax(reached, axis=1) + 1 + later) * MINUTE
    return np.where(reached[:, -1] & (times <= total.shape[1] * MINUTE), times, np.nan)


def kayenta(recordings: Recordings) -> Floats:
    """Mann-Whitney every 10 minutes on the bad shares of the minutes so far."""
    shares = []
    for total, bad in (
        (recordings.candidate_total, recordings.candidate_bad),
        (recordings.baseline_total, recordings.baseline_bad),
    ):
        counts = _minutes(recordings, total)
        shares.append(np.where(counts > 0, _minutes(recordings, bad) / np.maximum(counts, 1), 0.0))
    times = np.full(len(recordings), np.nan)
    for minutes in range(10, shares[0].shape[1] + 1, 10):
        high = _high(shares[0][:, :minutes], shares[1][:, :minutes])
        times = np.where(np.isnan(times) & high, minutes * MINUTE, times)
    return times


def _high(candidate: Floats, baseline: Floats) -> NDArray[np.bool_]:
    runs, size = candidate.shape
    shifts = np.sort((candidate[:, :, None] - baseline[:, None, :]).reshape(runs, -1), axis=1)
    spread = norm.ppf(0.99) * sqrt(size * size * (2 * size + 1) / 12.0)
    low = shifts[:, max(0, int(size * size / 2.0 - spread))]
    return np.asarray(low > 0.25 * np.abs(np.median(shifts, axis=1)))


def beta_mixture(recordings: Recordings) -> Floats:
    """Conditional binomial against a Beta mixture on both sides of the null; aborts when the candidate is worse.

    The prior has its mean at the null and a tenth of the weight of one event on the thinner side.
    """
    bad = np.cumsum(recordings.candidate_bad, axis=1)
    other = np.cumsum(recordings.baseline_bad, axis=1)
    w = recordings.weight
    a, b = 1.0, 1.0 / w - 1.0
    log = betaln(a + bad, b + other) - betaln(a, b) - bad * np.log(w) - other * np.log(1.0 - w)
    return _first((log >= -np.log(ALPHA)) & (bad > w * (bad + other)), recordings.tick)


def told(recordings: Recordings, ratio: float) -> Floats:
    """The sequential test that is told the true ratio (Wald): the yardstick of the score. Like ours it adds up the
    counts of one side until the other has some."""
    candidate, bad, baseline, other = gathered(recordings)
    fall = np.log(np.maximum(1.0, candidate + baseline) / np.maximum(1.0, ratio * candidate + baseline))
    log = np.cumsum(bad * np.log(ratio) + (bad + other) * fall, axis=1)
    return _first(log >= -np.log(ALPHA), recordings.tick)


def _first(reached: NDArray[np.bool_], tick: float) -> Floats:
    return np.where(reached.any(axis=1), (np.argmax(reached, axis=1) + 1) * tick, np.nan)


def _minutes(recordings: Recordings, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    size = round(MINUTE / recordings.tick)
    runs, ticks = counts.shape
    return np.asarray(counts[:, : ticks // size * size].reshape(runs, -1, size).sum(axis=2))
