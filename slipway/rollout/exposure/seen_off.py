"""Whether a kill has reached the clients, by what they are measured to get afterwards."""

from __future__ import annotations

from slipway.release.units import show_seconds
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.wanted import Wanted

WITHIN = 60.0
"""Seconds after a kill in which it should be seen that no user gets the variant any more"""
SCRAPES = 2
"""by so many scrapes."""
EVERY = 1.0


def see_off(adapters: ExposureAdapters, wanted: Wanted) -> str:
    """Whether any user is still measured to get the variant, in words. Scrapes that show more of the off variant and
    nothing new of the other count; without any there is a warning."""
    began, before, clean = adapters.now(), _counted(adapters, wanted), 0
    while adapters.now() - began < WITHIN:
        adapters.pause(EVERY)
        now = _counted(adapters, wanted)
        if now is None or (before is not None and now.baseline == before.baseline):
            continue
        clean = clean + 1 if before is not None and now.candidate == before.candidate else 0
        if clean >= SCRAPES:
            return f"no user is measured to get {wanted.variant} any more"
        before = now
    within = show_seconds(WITHIN)
    return (
        f"WARNING: within {within} it was not seen that no user gets {wanted.variant} any more: check that the "
        "clients see the document"
    )


def _counted(adapters: ExposureAdapters, wanted: Wanted) -> Sides[float] | None:
    """Evaluations of either variant so far; None where they cannot be read."""
    if adapters.meter is None:
        return None
    found = adapters.meter.snapshot(wanted.guardrails, wanted.candidate, wanted.baseline)
    if found.traffic_error is not None or not found.traffic:
        return None
    sides = (found.traffic.get(side.revision, {}) for side in (wanted.candidate, wanted.baseline))
    return Sides(*(sum(one.total for one in series.values()) for series in sides))
