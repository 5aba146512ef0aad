"""Exposures of flags among users who stay on their side: what the promise of the analysis is worth there."""

from __future__ import annotations

import pytest

from bench.decisions.sticky import POPULATIONS, Population
from bench.exposures import stopped


@pytest.mark.parametrize("population", POPULATIONS, ids=[population.name for population in POPULATIONS])
def test_a_healthy_exposure_is_hardly_ever_stopped(population: Population) -> None:
    assert len(stopped(population, 25)) <= 1


def test_a_variant_that_fails_twenty_times_as_often_is_stopped() -> None:
    even = POPULATIONS[0]
    assert len(stopped(even, 5, ratio=20.0)) == 5
