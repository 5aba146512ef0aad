"""Which run is next, and several runs at once."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

from bench.peers.contention import Admission
from bench.peers.matrix import Cell
from bench.peers.one import FAILURES
from bench.peers.store import Run, Store
from bench.peers.waiting import Patience

LONG_SECONDS = 600.0
RUNS_OF_LONG = 3
TRIES = 3
"""How often one run is tried before the cell goes without it."""

Say = Callable[[str], None]


def wanted(cells: Iterable[Cell], runs: Sequence[Run]) -> list[Cell]:
    """The cells, with fewer runs where one takes over ten minutes."""
    long = {run.cell for run in runs if run.seconds_to_end > LONG_SECONDS}
    return [replace(cell, runs=min(cell.runs, RUNS_OF_LONG)) if cell.name in long else cell for cell in cells]


def missing(cells: Sequence[Cell], runs: Sequence[Run]) -> Iterator[tuple[Cell, int]]:
    """Cell and number of every run that is still to be done, round by round, so that an interrupted benchmark has as
    many runs of one cell as of another."""
    done = Counter(run.cell for run in runs)
    for number in range(max((cell.runs for cell in cells), default=0)):
        for cell in cells:
            if done[cell.name] <= number < cell.runs:
                yield cell, number


class Schedule:
    """Does what is missing, `most` runs at once. A run that was disturbed or failed is tried again."""

    def __init__(
        self, store: Store, runner: Callable[[Cell, int], Run], say: Say, most: int, patience: Patience
    ) -> None:
        self._store, self._runner, self._say, self._most = store, runner, say, most
        self._admission = Admission(patience)
        self._patience = patience

    def do(self, cells: Sequence[Cell]) -> bool:
        """Whether every run was done. An interruption lets those in progress clean up after themselves first."""
        jobs = list(missing(wanted(cells, self._store.runs), self._store.runs))
        self._say(f"{len(jobs)} runs, at most {self._most} at once")
        with ThreadPoolExecutor(self._most) as pool:
            futures = [pool.submit(self._job, cells, cell, number) for cell, number in jobs]
            try:
                wait(futures)
            except KeyboardInterrupt:
                self._patience.stop()
                for future in futures:
                    future.cancel()
                self._say("interrupted: the runs in progress take away what they made")
                raise
        return all(not future.cancelled() and future.result() for future in futures)

    def _job(self, cells: Sequence[Cell], cell: Cell, number: int) -> bool:
        if not any(number < one.runs for one in wanted(cells, self._store.runs) if one.name == cell.name):
            return True
        for attempt in range(1, TRIES + 1):
            self._admission.wait()
            if self._patience.over:
                return False
            self._say(f"{cell.name} {number + 1}: begins")
            if (run := self._try(cell, number)) is not None:
                self._store.add(run)
                return True
            self._say(f"{cell.name} {number + 1}: try {attempt} of {TRIES} does not count")
        return False

    def _try(self, cell: Cell, number: int) -> Run | None:
        try:
            run = self._runner(cell, number)
        except FAILURES as error:
            self._say(f"{cell.name} {number + 1}: {error}")
            return None
        except Exception:
            self._say(traceback.format_exc())
            raise
        self._say(told(run))
        return run


def told(run: Run) -> str:
    """One line about a run."""
    end = "aborted" if run.aborted else "completed"
    safe = "" if run.seconds_to_safe is None else f", safe after {run.seconds_to_safe:.1f} s"
    return f"{run.cell} {run.number + 1}: {end} after {run.seconds_to_end:.0f} s{safe}, {run.client_failures} failed"
