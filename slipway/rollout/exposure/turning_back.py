"""Turning back an exposure that no process runs any more: what the next update does first, and the watchdog."""

from __future__ import annotations

from slipway.release.flags.attempts import Exposing, begun, ended
from slipway.release.flags.journal import Author, Head, after_exposure
from slipway.release.records.journal import Outcome
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.record import Stored, save


def turn_back(adapters: ExposureAdapters, stored: Stored, reason: str, by: str) -> None:
    """End the rollout in flight without a verdict: the exposure returns to where it began, then the journal says so. It
    may be done again from anywhere. Raises LeaseLost and ClusterError."""
    exposing = stored.head.last
    if exposing is None or not exposing.running:
        return
    author = Author(by=by, at=adapters.now(), reason=f"exposure {exposing.id}: {reason}")
    adapters.flags.change(lambda head: turned_back(_fenced(adapters, head), exposing, author))
    over = ended(exposing, Outcome.INTERRUPTED, reason, adapters.now(), by)
    save(adapters, stored, begun(stored.head, over))


def turned_back(head: Head, exposing: Exposing, author: Author) -> Head:
    """The flags' journal with the exposure where this rollout began, unless another has moved it since: it is the
    rollout's own while it has the rollout's salt and a percentage of one of its steps."""
    reached = head.reached.get(exposing.flag)
    own = {exposing.base, *(step.weight for step in exposing.steps)}
    if reached is None or reached.salt != exposing.salt or reached.percent not in own:
        return head
    return after_exposure(head, exposing.flag, exposing.base, exposing.salt, author)


def _fenced(adapters: ExposureAdapters, head: Head) -> Head:
    adapters.fence.check()
    return head
