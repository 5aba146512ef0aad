from __future__ import annotations

import pytest

from slipway.release.errors import ClusterError, Conflict
from slipway.rollout.platforms.memory import MemoryJournalStore
from slipway.rollout.ticks import HELD, TickLog

AWAY = ClusterError("the API does not answer")


def log(journal: MemoryJournalStore, times: list[float] | None = None) -> TickLog:
    clock = iter(times or [])
    return TickLog(journal, "r1", 5.0, lambda: next(clock, 0.0))


def written(journal: MemoryJournalStore) -> list[object]:
    return [record["at"] for record in journal.records("r1")]


def test_ticks_are_written_together_and_the_rest_at_the_end() -> None:
    journal = MemoryJournalStore()
    ticks = log(journal)
    for at in range(HELD + 3):
        ticks.add({"at": at})
    assert written(journal) == list(range(HELD))
    ticks.flush()
    ticks.flush()
    assert written(journal) == list(range(HELD + 3))


def test_what_could_not_be_written_is_written_when_the_journal_answers_again() -> None:
    journal = MemoryJournalStore()
    ticks = log(journal)
    journal.faults.next("append", AWAY, times=3)
    for at in range(HELD + 3):
        ticks.add({"at": at})
    assert written(journal) == list(range(HELD + 3))


def test_a_write_whose_answer_was_lost_is_not_written_twice() -> None:
    journal = MemoryJournalStore()
    append = journal.append

    def lost(rollout_id: str, records: list[dict[str, object]]) -> None:
        append(rollout_id, records)
        journal.append = append  # type: ignore[method-assign]
        raise AWAY

    journal.append = lost  # type: ignore[method-assign,assignment]
    ticks = log(journal)
    for at in range(HELD + 3):
        ticks.add({"at": at})
    ticks.flush()
    assert written(journal) == list(range(HELD + 3))


def test_a_journal_that_stays_away_is_an_error_after_the_patience() -> None:
    journal = MemoryJournalStore()
    journal.faults.next("append", AWAY, times=3)
    ticks = log(journal, [100.0, 100.0, 104.0, 106.0])
    for at in range(HELD + 1):
        ticks.add({"at": at})
    with pytest.raises(ClusterError):
        ticks.add({"at": HELD + 1})


def test_somebody_else_who_writes_these_ticks_is_told_at_once() -> None:
    journal = MemoryJournalStore()
    journal.faults.next("append", Conflict("somebody else"))
    ticks = log(journal)
    for at in range(HELD - 1):
        ticks.add({"at": at})
    with pytest.raises(Conflict):
        ticks.add({"at": HELD})
