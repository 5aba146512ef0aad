"""How often the metrics source is asked whether the data plane was scraped again."""

from __future__ import annotations

from slipway.rollout.process.crowd import IN_FLIGHT

QUICK, USUAL = 0.1, 0.5
"""Seconds between two questions."""
QUICK_FOR = 5.0
"""Seconds after which a source is not one that is scraped each second, and is asked as usual."""


def scrape_pause(waited: float) -> float:
    """Seconds until the next question after `waited` seconds of waiting. Where every second counts the answer is known
    a tenth of a second after it can be; slow sources and many rollouts at once are asked less often."""
    return QUICK if waited < QUICK_FOR and not IN_FLIGHT.large else USUAL
