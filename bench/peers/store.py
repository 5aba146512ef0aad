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
    """The file of runs. A half-written last line, left by a kill, is not counted; the next run is written over it. The
    file is left alone until then: readers may read while a benchmark writes."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()
        text = file.read_text() if file.exists() else ""
        self._cut_off = not text.endswith("\n") and text != ""
        self._runs = list(_read(text))

    @property
    def runs(self) -> tuple[Run, ...]:
        with self._lock:
            return tuple(self._runs)

    def add(self, run: Run) -> None:
        with self._lock:
            if self._cut_off:
                self._restore()
            self._runs.append(run)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as file:
                file.write(_line(run))

    def _restore(self) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text("".join(map(_line, self._runs)))
        draft.replace(self._file)
        self._cut_off = False


def _line(run: Run) -> str:
    return json.dumps(asdict(run)) + "\n"


def _read(text: str) -> Iterable[Run]:
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            yield Run(**json.loads(line))
