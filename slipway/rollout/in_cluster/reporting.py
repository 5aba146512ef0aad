"""The Reporter of a Job's process: what it is told goes to those who follow it, and to the pod's log."""

from __future__ import annotations

import threading
from collections.abc import Callable

from slipway.release.errors import ClusterError
from slipway.rollout.in_cluster.report import RunEnd, RunReport, read_report
from slipway.rollout.platforms.runs import Runs
from slipway.rollout.status import Progress

EVERY = 1.0
"""Seconds between two writes at least."""
END_WITHIN = 60.0
"""Seconds for which the end is written again while the API server is away."""


class RunReporter:
    """Writes in a thread of its own, so that a rollout never waits for its followers. `say` prints a line."""

    def __init__(self, runs: Runs, run_id: str, by: str, say: Callable[[str], None]) -> None:
        self._runs = runs
        self._run_id = run_id
        self._say = say
        self._report = RunReport(by=by)
        self._changed = threading.Condition()
        self._dirty = self._ended = False
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)

    def begin(self) -> RunReport | None:
        """Take over what an earlier process of this order reported, and return that. Raises ClusterError."""
        former = read_report(self._runs.read_report(self._run_id))
        if former is not None:
            self._report = former.model_copy(update={"by": self._report.by})
        self._change(self._report)
        self._thread.start()
        return former

    def status(self, line: str) -> None:
        """Replace the status line."""
        with self._changed:
            self._change(self._report.with_status(line))

    def progress(self, progress: Progress) -> None:
        """Replace it by how the rollout stands."""
        with self._changed:
            self._change(self._report.with_status(progress.line(), progress))

    def event(self, line: str) -> None:
        """Add a line that stays."""
        self._say(line)
        with self._changed:
            self._change(self._report.with_line(line))

    def close(self, end: RunEnd | None = None) -> None:
        """Write the last state, with the end where there is one. Raises ClusterError when the end does not stand."""
        with self._changed:
            self._ended = True
            self._report = self._report.model_copy(update={"end": end})
            self._changed.notify_all()
        self._thread.join()
        waiting = threading.Event()
        for left in reversed(range(int(END_WITHIN / EVERY))):
            try:
                self._write()
            except ClusterError:
                if end is None or not left:
                    raise
                waiting.wait(EVERY)
            else:
                return

    def _change(self, report: RunReport) -> None:
        with self._changed:
            self._report, self._dirty = report, True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._dirty or self._ended)
                if self._ended:
                    return
            try:
                self._write()
            except ClusterError:
                self._dirty = True  # the next one says it too
            with self._changed:
                self._changed.wait_for(lambda: self._ended, EVERY)

    def _write(self) -> None:
        with self._changed:
            self._report = self._report.model_copy(update={"changes": self._report.changes + 1})
            report, self._dirty = self._report, False
        self._runs.write_report(self._run_id, report.to_document())
