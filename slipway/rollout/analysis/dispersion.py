"""Whether errors come in clusters, estimated from stable history, because a rollout is too short for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from math import log, sqrt

BLOCKS = (1, 6)
"""Block sizes, in ticks: clusters may lie within one tick, or stretch over several."""
NOISE = 4.0
"""Standard errors by which the dispersion must exceed 1 before it counts."""
IMPOSSIBLE = 0.001
"""A chance that is smaller than this, of any pair of neighbouring blocks, shows a cluster."""
SEEN = 1.1
"""phi when clusters are seen, but too few to move the mean."""
LEVELS, PAIRS = 2, 100
"""With PAIRS pairs or more, the LEVELS pairs that differ most do not count for the size of phi: the level may have
changed there, as at the beginning and the end of an incident, which is no cluster."""

Cells = Sequence[tuple[int, int]]
"""(total, bad) of what is compared: pods, or blocks of time."""


def estimate(history: Sequence[Cells]) -> float:
    """phi of a guardrail's bad events, from ticks of (total, bad) for each pod of the stable version.

    Within a block the bad events are multinomial over the pods in proportion to their traffic, if they are
    independent; Pearson's statistic then has mean `pods - 1` and Haldane's variance (1937). phi is their mean
    ratio over all blocks, the larger of that at two block sizes. Comparing pods within a block makes drift and
    daily rhythm cancel, but does not see what all pods have in common, such as clusters behind a gateway. So
    neighbouring blocks are compared too, of each pod and of their sum; the largest of all counts.
    Returns 1.0 when nothing is above the noise. At least an hour of history is wanted; raises ValueError when
    pods have different numbers of ticks.
    """
    if len({len(pod) for pod in history}) > 1:
        raise ValueError("every pod must have the same number of ticks")
    found = [1.0]
    for size in BLOCKS:
        blocks = [_blocks(pod, size) for pod in history]
        found.append(_over_time(list(chain.from_iterable(_pairs(pod) for pod in blocks))))
        if len(history) > 1:
            found.append(_dispersion([list(cells) for cells in zip(*blocks, strict=True)]))
            found.append(_over_time(_pairs([_sum(cells) for cells in zip(*blocks, strict=True)])))
    return max(found)


def clustered(past: Mapping[str, Sequence[Cells]]) -> dict[str, float]:
    """phi of the guardrails whose bad events come in clusters; the others are left out."""
    found = {name: estimate(history) for name, history in past.items()}
    return {name: phi for name, phi in found.items() if phi > 1.0}


def _over_time(pairs: list[Cells]) -> float:
    """phi of neighbouring blocks. A single pair that is too unlikely by chance shows clusters as well."""
    pairs = [pair for pair in pairs if all(total for total, _ in pair) and any(bad for _, bad in pair)]
    seen = _dispersion(pairs)
    if seen <= 1.0 and not _has_cluster(pairs):
        return 1.0
    if len(pairs) >= PAIRS:
        pairs = sorted(pairs, key=_nats)[:-LEVELS]
    return max(SEEN, _dispersion(pairs))


def _has_cluster(pairs: list[Cells]) -> bool:
    return max(map(_nats, pairs), default=0.0) > log(2.0 * len(pairs) / IMPOSSIBLE) if pairs else False


def _nats(pair: Cells) -> float:
    """-log of a bound of the chance that the bad events are spread over the two as unevenly (Chernoff)."""
    (first, first_bad), (second, second_bad) = pair
    total, bad = first + second, first_bad + second_bad
    both = ((first, first_bad), (second, second_bad))
    return sum(own * log(own * total / (bad * requests)) for requests, own in both if own)


def _dispersion(blocks: Sequence[Cells]) -> float:
    """Pearson's statistic over its mean, of all blocks; 1 when that is not above the noise."""
    statistic = freedom = variance = 0.0
    for block in blocks:
        cells = [(total, bad) for total, bad in block if total > 0]
        total, bad = _sum(cells)
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


def _sum(cells: Cells) -> tuple[int, int]:
    return sum(total for total, _ in cells), sum(bad for _, bad in cells)


def _blocks(pod: Cells, size: int) -> list[tuple[int, int]]:
    """(total, bad) of every `size` ticks of one pod."""
    return [_sum(pod[at : at + size]) for at in range(0, len(pod) - size + 1, size)]


def _pairs(blocks: Sequence[tuple[int, int]]) -> list[Cells]:
    return [[first, second] for first, second in zip(blocks[::2], blocks[1::2], strict=False)]
