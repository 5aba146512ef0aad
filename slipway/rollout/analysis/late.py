"""What counts of whole minutes that come late cost a plan: for the preview. Pure."""

from __future__ import annotations

from slipway.release.manifest.analysis import Analysis
from slipway.release.units import show_seconds


def as_counted(analysis: Analysis, spacing: float | None, delay: float) -> Analysis:
    """The settings as a rollout keeps them whose counts first come `delay` seconds after a change of the weights, and
    `spacing` seconds apart; the same where they come at once."""
    if not delay:
        return analysis
    changes = {"tick": max(analysis.tick, spacing or 0.0), "dwell": max(analysis.dwell, delay)}
    return analysis.model_copy(update=changes)


def late(settles: float, delay: float) -> tuple[str, ...]:
    """Lines about counts that are whole `settles` seconds after their minute: what detection loses by it, and what
    would lose less."""
    least, most = show_seconds(settles), show_seconds(delay)
    return (
        f"the metrics are whole minutes of CloudWatch, which count {least} after their end: every time here is {least} "
        f"to {most} longer, and no step is shorter than {most}",
        "what would be faster: metrics.kind prometheus, with the counters of a proxy before the service or of the "
        "service itself, scraped every few seconds",
    )
