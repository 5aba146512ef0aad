"""What a watch needs to go on wherever it is begun: what is watched, the evidence, and the counters that the next look
is compared with. One document a service, written whole and by compare-and-swap. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from slipway.release.errors import JournalUnreadable
from slipway.release.manifest.base import FrozenModel
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.units import show_seconds
from slipway.rollout.platforms.base import StoredDocument

FORMAT = 1
ALIVE_FOR = 20.0
"""Seconds after a sign of life for which a watch counts as running; one comes every few seconds."""


class LastLook(FrozenModel):
    """What was decided last, for people."""

    standing: str
    reason: str = ""
    statistic: float | None = None
    threshold: float | None = None


class WatchDocument(FrozenModel):
    """Times are Unix seconds of the writer's clock."""

    format: int = FORMAT
    watch: str
    """The id of the watch in the journal."""
    stack: str = ""
    wanted: RolloutInputs
    by: str = ""
    """The process that watches, or did last."""
    beat: float = 0.0
    """Its last sign of life; 0 before the first."""
    state: dict[str, Any] | None = None
    """The evidence, see slipway.rollout.analysis.watching."""
    counters: dict[str, Any] | None = None
    """As they were at `counted`."""
    counted: float = 0.0
    reached: dict[str, Any] | None = None
    """What is handed on once, such as the outcomes of single clients: how far it was read, and who is being observed.
    None once the watch has ended, as it holds the salt of the clients' keys."""
    last: LastLook | None = None
    told: bool = False
    """What follows the traffic after a breach is done: flags killed, the escalation in the outbox."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON values."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def read_document(stored: StoredDocument | None) -> WatchDocument | None:
    """None when there is none. Raises JournalUnreadable for one of another version or that was edited."""
    if stored is None:
        return None
    try:
        document = WatchDocument.model_validate(stored.content, extra="ignore")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise JournalUnreadable(f"the evidence of the watch cannot be understood: {place}: {first['msg']}") from None
    if document.format > FORMAT:
        raise JournalUnreadable(f"the evidence of the watch has format {document.format}, this Slipway knows {FORMAT}")
    return document


def dead_since(document: WatchDocument | None, opened: float, now: float) -> str | None:
    """Why an unfinished watch counts as dead, by the clock of who asks; None while its process gives signs of life."""
    beat = document.beat if document is not None else 0.0
    quiet = now - max(beat, opened)
    if quiet <= (ALIVE_FOR if beat else 3 * ALIVE_FOR):
        return None
    since = show_seconds(float(round(quiet)))
    if not beat:
        return f"no process has watched since it was opened {since} ago"
    return f"no process has watched for {since}; the last was {document.by if document is not None else ''}"
