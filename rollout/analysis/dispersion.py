"""Do errors come in clusters? Estimated from stable history, because a rollout is too short to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

BLOCKS = (1, 6)
"""Block sizes, in ticks: clusters may lie within one tick, or stretch over several."""
NOISE = 3.0
"""Standard errors by which the dispersion must exceed 1 before it counts."""


def estimate(history: Sequence[Sequence[tuple[int, int]]]) -> float:
    """phi of a guardrail's bad events, from ticks of (total, bad) for each pod of the stable version.

    Within a block the bad events are multinomial over the pods in proportion to their traffic, if they are
    independent; Pearson's statistic then has mean `pods - 1` and Haldane's variance (1937). phi is their mean
    ratio over all blocks, the larger of that at two block sizes. Comparing pods within a block makes drift and
    daily rhythm cancel. A single pod is compared with itself: neighbouring blocks take the place of pods.
    Returns 1.0 when nothing is above the noise. At least an hour of history is wanted; raises ValueError when
    pods have different numbers of ticks.
    """
    if len({len(pod) for pod in history}) > 1:
        raise ValueError("every pod must have the same number of ticks")
    return max([1.0, *(_at(history, size) for size in BLOCKS)])


def clustered(past: Mapping[str, Sequence[Sequence[tuple[int, int]]]]) -> dict[str, float]:
    """phi of the guardrails whose bad events come in clusters; the others are left out."""
    found = {name: estimate(history) for name, history in past.items()}
    return {name: phi for name, phi in found.items() if phi > 1.0}


def _at(history: Sequence[Sequence[tuple[int, int]]], size: int) -> float:
    blocks = _blocks(history, size)
    if len(history) == 1:
        blocks = [[*first, *second] for first, second in zip(blocks[::2], blocks[1::2], strict=False)]
    statistic = freedom = variance = 0.0
    for block in blocks:
        cells = [(total, bad) for total, bad in block if total > 0]
        total, bad = sum(t for t, _ in cells), sum(b for _, b in cells)
        if len(cells) < 2 or bad == 0:
            continue
        shares = [t / total for t, _ in cells]
        pods = len(cells)
        statistic += sum((b - bad * s) ** 2 / (bad * s) for (_, b), s in zip(cells, shares, strict=True))
        freedom += pods - 1
        variance += 2.0 * (pods - 1) + (sum(1.0 / s for s in shares) - pods * pods - 2 * pods + 2) / bad
    if not freedom:
        return 1.0
    phi = statistic / freedom
    return phi if phi > 1.0 + NOISE * sqrt(max(0.0, variance)) / freedom else 1.0


def _blocks(history: Sequence[Sequence[tuple[int, int]]], size: int) -> list[list[tuple[int, int]]]:
    """Per block of `size` ticks the (total, bad) of every pod."""
    ticks = len(history[0]) if history else 0
    return [
        [(sum(t for t, _ in pod[at : at + size]), sum(b for _, b in pod[at : at + size])) for pod in history]
        for at in range(0, ticks - size + 1, size)
    ]
