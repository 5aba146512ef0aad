"""What became of a release that had completed: which version took the traffic from it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slipway.release.records.release_record import Recorded
from slipway.release.records.releases import rollback_of
from slipway.release.report.model import WatchPart
from slipway.release.report.words import lasting
from slipway.release.units import Seconds


@dataclass(frozen=True, slots=True)
class Afterwards:
    """`version` took all the traffic so many seconds after the commit, by the watch or by a rollback."""

    version: str
    revision: str
    """Empty where the records do not say it."""
    after: Seconds
    by_watch: bool

    @property
    def said(self) -> str:
        """What happened, as the end of a sentence about the release."""
        later = f"{lasting(self.after)} later"
        if self.by_watch:
            return f"{later} its watch moved all the traffic to {self.version}"
        return f"{later} it was rolled back to {self.version}"

    @property
    def serves(self) -> str:
        """Version and revision."""
        return f"{self.version} ({self.revision})" if self.revision else self.version


def afterwards(one: Recorded, records: Sequence[Recorded], watch: WatchPart | None) -> Afterwards | None:
    """None where the release has not completed, or nothing has undone it. `records` are all of the service, the oldest
    first, `watch` is that of the release."""
    event = one.event
    if event.ending != "committed":
        return None
    if watch is not None and watch.moved_to is not None and watch.ended is not None:
        before = event.leaves
        known = before.revision if before is not None and before.version == watch.moved_to else ""
        return Afterwards(watch.moved_to, known, max(0.0, watch.ended - watch.opened), by_watch=True)
    back = rollback_of(records, one)
    if back is None:
        return None
    subject = back.record.subject
    return Afterwards(subject.version, subject.revision, back.event.ended - event.ended, by_watch=False)
