from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom  # type: ignore[import-untyped]

from bench.decisions import peers
from bench.decisions.cells import BAD, GOOD, Cell, gates, grid
from bench.decisions.recordings import simulate
from bench.decisions.run import FULL
from bench.decisions.score import Outcome, bounds, outcome, row, wald_bound

CELL = Cell(0.01, 100.0, 0.2, 5.0)


def told(ratio: float, cell: Cell, runs: int = 400) -> Outcome:
    return outcome(peers.told(simulate(cell, runs), ratio))


def test_the_grid_is_that_of_the_benchmark() -> None:
    assert len(grid(BAD)) == 108
    assert len(grid(GOOD)) == 54
    names = [cell.name for cell in [*grid(BAD), *grid(GOOD), *(cell for cells in gates().values() for cell in cells)]]
    assert len(set(names)) == len(names)


def test_the_same_cell_is_always_the_same_data() -> None:
    one, two = simulate(CELL, 5), simulate(CELL, 5)
    assert np.array_equal(one.candidate_bad, two.candidate_bad)
    assert one.history == two.history


def test_the_yardstick_is_near_the_bound_and_never_far_below_it() -> None:
    cell = Cell(0.003, 100.0, 0.05, 3.0)
    assert 1.0 <= told(3.0, cell).mean / wald_bound(cell) <= 1.25


def test_a_miss_counts_as_the_whole_hour() -> None:
    found = outcome(np.array([100.0, np.nan]))
    assert found.mean == pytest.approx((100 + 3600) / 2)
    assert found.aborted == 1


def test_twice_as_slow_is_half_the_score() -> None:
    yardstick = {CELL: Outcome(100.0, 100.0, 10, 10)}
    slow = {CELL: Outcome(200.0, 200.0, 9, 10)}
    found = row(slow, yardstick, [Outcome(3600.0, 3600.0, 1, 1000)], [])
    assert found.score == pytest.approx(0.5)
    assert found.missed_5x == pytest.approx(0.1)
    assert not found.disqualified


def test_one_cell_that_is_surely_above_alpha_disqualifies_and_noise_does_not() -> None:
    good, noisy, bad = (Outcome(3600.0, 3600.0, aborted, 1000) for aborted in (9, 14, 30))
    yardstick = {CELL: Outcome(100.0, 100.0, 10, 10)}
    assert not row(yardstick, yardstick, [good, noisy], [good]).disqualified
    assert row(yardstick, yardstick, [good, bad], []).disqualified
    assert row(yardstick, yardstick, [good], [bad]).disqualified


def test_a_rate_just_above_alpha_is_measured_again_and_one_far_above_is_not() -> None:
    below, above, surely = (Outcome(3600.0, 3600.0, aborted, 10_000) for aborted in (100, 127, 200))
    assert not below.doubtful
    assert above.doubtful
    assert not surely.doubtful


def disqualifies(rate: float, first: int, again: int = 0) -> float:
    """The chance that a cell with this true rate disqualifies, with or without a second look at doubtful ones."""
    counts = np.arange(first // 20)
    seen = [Outcome(3600.0, 3600.0, int(count), first) for count in counts]
    chances = binom.pmf(counts, first, rate)
    if not again:
        return float(sum(chance for chance, one in zip(chances, seen, strict=True) if one.lower() > 0.01))
    second = disqualifies(rate, again)
    settled = (
        chance * (second if one.doubtful else one.lower() > 0.01) for chance, one in zip(chances, seen, strict=True)
    )
    return float(sum(settled))


def test_a_second_look_finds_more_of_what_is_above_alpha_and_blames_less_of_what_is_not() -> None:
    for rate in (0.0112, 0.0115, 0.012, 0.015):
        assert disqualifies(rate, FULL.good, FULL.again) > disqualifies(rate, FULL.good)
    assert disqualifies(0.0099, FULL.good, FULL.again) < disqualifies(0.0099, FULL.good)
    assert disqualifies(0.0115, FULL.good, FULL.again) > 0.5


def test_luck_in_one_of_many_cells_shows_in_both_readings_but_disqualifies_by_the_strict_one() -> None:
    cells = [Outcome(3600.0, 3600.0, aborted, 10_000) for aborted in (*[95] * 99, 127)]
    found = bounds(cells)
    assert found.cells == 100
    assert found.each > 0.01 > found.together
    yardstick = {CELL: Outcome(100.0, 100.0, 10, 10)}
    assert row(yardstick, yardstick, cells[:50], cells[50:]).disqualified


def test_a_detector_that_really_aborts_too_often_fails_both_readings() -> None:
    found = bounds([Outcome(3600.0, 3600.0, 700, 50_000)] + [Outcome(3600.0, 3600.0, 95, 10_000)] * 99)
    assert found.together > 0.01


def test_argo_fails_at_its_fourth_and_flagger_one_check_after_its_fifth_failed_minute() -> None:
    hopeless = simulate(Cell(0.2, 1000.0, 0.5, 1.0), 3)
    assert list(peers.argo(hopeless, 0.95)) == [240.0] * 3
    assert list(peers.flagger(hopeless, 0.99)) == [360.0] * 3


def test_peers_leave_a_clean_release_alone() -> None:
    clean = simulate(Cell(0.001, 1000.0, 0.5, 1.0), 20)
    for times in (peers.argo(clean, 0.95), peers.flagger(clean, 0.99), peers.kayenta(clean), peers.beta_mixture(clean)):
        assert np.isnan(times).mean() >= 0.9


def test_kayenta_notices_a_large_shift_at_its_first_look() -> None:
    assert list(peers.kayenta(simulate(Cell(0.01, 1000.0, 0.5, 5.0), 3))) == [600.0] * 3
