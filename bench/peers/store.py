"""What has been measured so far: one line of JSON a run, appended as each ends, so that a benchmark can go on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One finished run. Seconds; `said` is the system's own word on the end; `at` is Unix time."""

    system: str
    settings: str
    fault: str
    number: int
    aborted: bool
    seconds_to_safe: float | None
    client_failures: int
    seconds_to_end: float
    said: str
    at: float

    @property
    def cell(self) -> str:
        return f"{self.system}-{self.settings}-{self.fault}"


class Store:
    """The file of runs. A half-written last line, left by a kill, is not counted and is written over."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()
        file.parent.mkdir(parents=True, exist_ok=True)
        self._runs = list(_read(file))
        self._write(self._runs)

    @property
    def runs(self) -> tuple[Run, ...]:
        with self._lock:
            return tuple(self._runs)

    def add(self, run: Run) -> None:
        with self._lock:
            self._runs.append(run)
            with self._file.open("a") as file:
                file.write(json.dumps(asdict(run)) + "\n")

    def _write(self, runs: Iterable[Run]) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text("".join(json.dumps(asdict(run)) + "\n" for run in runs))
        draft.replace(self._file)


def _read(file: Path) -> Iterable[Run]:
    if not file.exists():
        return
    for line in file.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            yield Run(**json.loads(line))
