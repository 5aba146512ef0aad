"""The exposure check: do as many get the variant as the document says? Pure."""

from __future__ import annotations

import math

from slipway.release.units import Percent, fraction

DEVIATIONS = 5.0
SLACK = 0.25
"""Of the smaller side: pods take over a new document one after the other."""
WITHOUT_KEY = 0.2
"""At 100%: the share of those who get the off variant all the same, such as callers without a targeting key."""
MIN_COUNTED = 100
"""Fewer evaluations in a step say nothing about the share."""


def exposure_problem(percent: Percent, exposed: int, off: int, clients: int, *, targeted: bool = False) -> str | None:
    """Whether the measured share of the variant is what was declared: None, or one line that says what was measured.

    `exposed` and `off` are evaluations (or requests) of either variant in the step. A client stays on its side and may
    be counted often, so the interval is that of a share of `clients` clients who count alike, however many evaluations
    there are: `DEVIATIONS` standard deviations and `SLACK`. With `targeted`, rules decide for some before the
    exposure does, and only a missing side is a problem.
    """
    total = exposed + off
    if total == 0:
        return "no evaluation of either variant was counted in this step"
    if exposed == 0:
        return f"no user gets the variant ({total:,} evaluations in this step): the clients do not see the document"
    if targeted or total < MIN_COUNTED:
        return None
    wanted, measured = fraction(percent), exposed / total
    if abs(measured - wanted) <= tolerance(percent, min(total, clients)):
        return None
    return (
        f"the variant's measured share is {measured:.1%} of {total:,} evaluations, the exposure {wanted:.1%}: either "
        "clients do not see the document, or callers give no targeting key, or few clients make most of the calls "
        "(exposure.clients says how many count alike)"
    )


def tolerance(percent: Percent, clients: int) -> float:
    """How far the measured share may be from the exposure, as a fraction."""
    wanted = fraction(percent)
    if wanted >= 1.0:
        return WITHOUT_KEY
    return DEVIATIONS * math.sqrt(wanted * (1.0 - wanted) / clients) + SLACK * min(wanted, 1.0 - wanted)
