"""How often a rollout is looked at. Pure."""

from __future__ import annotations

REST = 0.1
"""Share of the time between two looks that passes without one, however long a look takes."""
LOOK_EVERY, BUSY_EVERY = 1.0, 2.0
"""Seconds between two looks at most: usually, and while a look takes more than half of that time."""
POLL = 0.25
"""Seconds between two looks while nothing is measured and only readiness or acceptance is awaited."""


def pause_after(took: float, wanted: float, *, crowded: bool = False) -> float:
    """Seconds until the next look, when this one took `took` seconds and one is wanted every `wanted` seconds. While
    the process carries many rollouts, each looks at most once in `LOOK_EVERY`, and not twice within one tick."""
    usual = min(BUSY_EVERY, max(LOOK_EVERY, wanted)) if crowded else min(LOOK_EVERY, wanted)
    every = max(usual, min(BUSY_EVERY, wanted)) if took > usual / 2 else usual
    return max(REST * every, every - took)
