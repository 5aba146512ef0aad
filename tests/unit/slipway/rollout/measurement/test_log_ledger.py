"""Windows of logs on their way into ticks: each once, and none across a change of the weight."""

from __future__ import annotations

from slipway.rollout.analysis.types import Counts
from slipway.rollout.measurement.log_ledger import LogLedger
from slipway.rollout.metrics.base import LogCounts, LogWindow


def window(start: float, end: float, **errors: tuple[int, int]) -> LogWindow:
    own = {text: sides[0] for text, sides in errors.items() if sides[0]}
    other = {text: sides[1] for text, sides in errors.items() if sides[1]}
    return LogWindow(start, end, LogCounts(100, sum(own.values()), own), LogCounts(300, sum(other.values()), other))


def test_all_windows_since_the_last_tick_are_added_up_and_counted_once() -> None:
    ledger = LogLedger(1000.0)
    ledger.take(window(1000, 1005, a=(1, 2)))
    ledger.take(None)
    ledger.take(window(1005, 1011, a=(1, 0), b=(0, 4)))
    counts, spans = ledger.settle()
    assert (counts.candidate, counts.baseline) == (Counts(200, 2), Counts(600, 6))
    assert counts.signatures == (("a", 2, 2), ("b", 0, 4))
    assert spans == [[1000, 1005], [1005, 1011]]
    nothing, none = ledger.settle()
    assert (nothing.candidate.total, nothing.signatures, none) == (0, (), [])


def test_a_window_that_began_before_the_weight_changed_counts_for_nobody() -> None:
    ledger = LogLedger(1000.0)
    ledger.take(window(1000, 1005))
    ledger.begin_step(1007.0)
    ledger.take(window(1005, 1010))
    ledger.take(window(1010, 1015))
    _, spans = ledger.settle()
    assert spans == [[1010, 1015]]
