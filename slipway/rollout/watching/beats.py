"""The signs of life of the process that watches, for the alarm that a watch has none
(slipway.release.slo.watch_alarm): numbers of a pod, or a file of a host.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.release.slo.watch_alarm import BEAT, UNTIL, watch_labels
from slipway.release.target import Target
from slipway.rollout.process.vitals import Vitals
from slipway.rollout.process.whole_file import replace_file

READABLE = 0o644
"""The exporter is another user."""
LASTED = frozenset({WatchPhase.PASSED, WatchPhase.UNSEEN})


def export_beat(vitals: Vitals, target: Target, service: str, watch: WatchEntry, at: float) -> None:
    """Until when it is watched there, and that it was so at this time."""
    about = watch_labels(service, watch.backend.revision, target)
    vitals.set(UNTIL, watch.over, **about)
    vitals.set(BEAT, at, **about)


class HostBeats:
    """The file of one watched service, which node_exporter's textfile collector reads: it shows what stands in the
    files `*.prom` of a folder. Each target has a file and series of its own, as an exporter that finds a series twice
    answers with an error instead of its metrics.

    The file outlives the process: of one that was killed the last sign of life grows old."""

    def __init__(self, folder: Path, target: Target, service: str, say: Callable[[str], None]) -> None:
        self.path = folder / f"slipway-watch.{str(target).replace('/', '.')}.{service}.prom"
        self._target, self._service, self._say = target, service, say
        self._written, self._trouble = False, ""

    def __call__(self, watch: WatchEntry, at: float) -> None:
        """Says that the watch had a process at this time, and until when it lasts. One that lasted to its end needs no
        file any more; of one that ended before, the file stays and says so. What cannot be written is told once: the
        watch goes on, and its alarm fires."""
        vitals = Vitals()
        export_beat(vitals, self._target, self._service, watch, at)
        try:
            if watch.phase in LASTED:
                self.path.unlink(missing_ok=True)
            else:
                replace_file(self.path, vitals.text(), READABLE)
                self._written = True
        except OSError as error:
            self._tell(error.strerror or str(error))
        else:
            self._trouble = ""

    def withdraw(self) -> None:
        """This process watches no more, and the watch is open: from now on it has none."""
        if not self._written:
            return  # what stands there is another process's
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            self._tell(error.strerror or str(error))

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            folder, remedy = self.path.parent, "make the folder of releases:slos.hostMetrics writable for this user"
            self._say(f"{self._service}: no sign of life in {folder}: {trouble}; {remedy}")
        self._trouble = trouble
