"""The hour before the release as a record of what is usual, for where the rollout itself has recorded little of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

WORST_SECONDS = 600.0
"""The worst stretch of this length stands for the hour: what is usual drifts."""

History = Sequence[Sequence[tuple[int, int]]]
"""For each pod of the stable version its ticks of (total, bad)."""


class Past(NamedTuple):
    """Events of the hour, and of its worst ten minutes."""

    total: int
    bad: int
    worst_total: int
    worst_bad: int


def recorded(histories: Mapping[str, History], seconds: float) -> dict[str, Past]:
    """The record of every guardrail that had events; the histories are `seconds` long, whatever their ticks are."""
    found = {name: _recorded(history, seconds) for name, history in histories.items()}
    return {name: past for name, past in found.items() if past is not None}


def _recorded(history: History, seconds: float) -> Past | None:
    ticks = min([len(pod) for pod in history], default=0)
    sums = [(sum(pod[at][0] for pod in history), sum(pod[at][1] for pod in history)) for at in range(ticks)]
    size = max(1, round(WORST_SECONDS / seconds * ticks))
    stretches = [sums[at : at + size] for at in range(0, max(1, ticks - size + 1), size)]
    counted = [(sum(total for total, _ in one), sum(bad for _, bad in one)) for one in stretches]
    worst = max(counted, key=lambda one: one[1] / one[0] if one[0] else 0.0, default=(0, 0))
    if not worst[0]:
        return None
    return Past(sum(total for total, _ in sums), sum(bad for _, bad in sums), *worst)
