"""Log likelihood ratios of one tick. All are e-values (expectation at most 1) under the null that they name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import log

FLOOR = log(1e-12)
"""A bet on a share never loses more than this, so that it can come back."""
DEAD = -1e4
"""Log likelihood ratio of an alternative that the data have ruled out."""


def ratio_logs(
    rho0: float, rhos: Sequence[float], candidate: float, baseline: float, bad: int, both: int
) -> list[float]:
    """Conditional binomial: of `both` bad events on either side `bad` fell on the candidate.

    Given their number, each falls on the candidate with probability `theta(rho) = rho n_c / (rho n_c + n_b)`
    (Przyborowski & Wilenski 1940), hence
    `l(rho) = (rho / rho0)^x_c ((rho0 n_c + n_b) / (rho n_c + n_b))^X`. For rho >= rho0 its expectation is at most
    1 when the true ratio is at most rho0; for rho <= rho0 when it is at least rho0. Exposure is that of the
    tick alone, so weights may change during the rollout. Without a baseline it is exactly 1.
    """
    if both == 0 or baseline <= 0:
        return [0.0] * len(rhos)
    falls = exposure_logs(rho0, rhos, candidate, baseline)
    return [bad * gain + both * fall for gain, fall in zip(_log_ratios(rho0, tuple(rhos)), falls, strict=True)]


@lru_cache(maxsize=256)
def _log_ratios(rho0: float, rhos: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(log(rho / rho0) for rho in rhos)


def exposure_logs(rho0: float, rhos: Sequence[float], candidate: float, baseline: float) -> list[float]:
    """What each bad event on either side adds to `ratio_logs`: `ln((rho0 n_c + n_b) / (rho n_c + n_b))`. The same
    for all kinds of events that a tick's requests may have, such as being slower than one bound or another."""
    base = rho0 * candidate + baseline
    return [log(base / (rho * candidate + baseline)) for rho in rhos]


def share_logs(null: float, shares: Sequence[float], total: int, bad: int) -> list[float]:
    """Binomial: `l(p) = (p / p0)^x ((1 - p) / (1 - p0))^(n - x)` of `bad` among `total` for each p of `shares`.

    For p >= p0 an e-value under "share at most p0", for p <= p0 under "share at least p0" (Wald 1945).
    """
    good = total - bad
    return [bad * gain + good * loss for gain, loss in _log_shares(null, tuple(shares))]


@lru_cache(maxsize=256)
def _log_shares(null: float, shares: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    rest = log(1.0 - null)
    return tuple((log(p / null) if p > 0.0 else DEAD, log(1.0 - p) - rest) for p in shares)


def at_odds(null: float, multiple: float) -> float:
    """The share whose odds are `multiple` times those of `null`: never above 1, about `multiple * null` when small."""
    odds = multiple * null / (1.0 - null)
    return odds / (1.0 + odds)


def odds_multiples(null: float, multiples: Sequence[float]) -> list[float]:
    """`at_odds` for several multiples."""
    rest = 1.0 - null
    odds = [multiple * null / rest for multiple in multiples]
    return [one / (1.0 + one) for one in odds]


def share_bets(
    rho0: float, rhos: Sequence[float], candidate: float, baseline: float, bad: int, both: int
) -> list[float]:
    """A bet on the candidate's share `y = x_c / X` of a tick, for errors that come in clusters.

    `l = (1 - y) (1 - theta1) / (1 - theta0) + y theta1 / theta0` is linear in y, so its expectation is at most 1
    whenever E[y] is at most theta0, however the events of the tick are clustered.
    """
    if both == 0 or baseline <= 0:
        return [0.0] * len(rhos)
    theta0 = rho0 * candidate / (rho0 * candidate + baseline)
    y = bad / both
    other, rest = 1.0 - y, 1.0 - theta0
    exposures = [rho * candidate for rho in rhos]
    thetas = [own / (own + baseline) for own in exposures]
    values = [other * (1.0 - theta) / rest + y * theta / theta0 for theta in thetas]
    return [log(value) if value > 1e-12 else FLOOR for value in values]


def level_bets(null: float, multiples: Sequence[float], phi: float, total: int, bad: int) -> list[float]:
    """A bet on the bad share `y = x / n` of a tick without a baseline, for errors that come in clusters.

    `l = 1 + b (y / p0 - 1)` with 0 <= b <= 1 has expectation at most 1 whenever E[x] is at most n p0, however the
    events are clustered (Waudby-Smith & Ramdas 2024). b is near the growth-optimal one if the share is m p0 with
    dispersion phi: `(m - 1) / ((m - 1)^2 + phi m / (n p0))`; it depends on n alone, which is known beforehand.
    """
    excess = bad / (total * null) - 1.0 if total else 0.0
    values = []
    for multiple in multiples:
        gain = multiple - 1.0
        size = min(1.0, gain / (gain * gain + phi * multiple / (total * null))) if total and gain > 0.0 else 0.0
        value = 1.0 + size * excess
        values.append(log(value) if value > 1e-12 else FLOOR)
    return values
