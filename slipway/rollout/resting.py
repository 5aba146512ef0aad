"""How the traffic is split while nothing is in flight: whole on what serves, but for the hold-back of an open watch."""

from __future__ import annotations

from slipway.release.records.journal import Head, Serving
from slipway.release.records.watch import WatchEntry
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.routers.base import LiveRoute, Split

SAME = 0.01
"""Percent; routers carry weights of 0.01%."""


def kept_watch(head: Head | None, wanted: RolloutInputs) -> WatchEntry | None:
    """The watch of what serves, if these inputs go on with it and keep the standby that it needs."""
    watch = watch_of_serving(head)
    if watch is None or watch.backend.revision != wanted.candidate.revision:
        return None
    if watch.standby is not None and (wanted.standby is None or wanted.standby.entry != watch.standby.entry):
        return None
    return watch


def watch_of_serving(head: Head | None) -> WatchEntry | None:
    """The watch of what serves, however it ended."""
    watch = head.watch if head is not None else None
    if head is None or watch is None or head.serving is None:
        return None
    return watch if watch.backend.revision == head.serving.backend.revision else None


def resting_split(serving: Serving, watch: WatchEntry | None) -> Split:
    """What the route is while nothing is in flight."""
    shares = watch.shares() if watch is not None else {}
    if watch is None or watch.standby is None or len(shares) < 2:
        return Split.whole(serving.backend)
    return Split(
        ((serving.backend, shares[watch.backend.entry]), (watch.standby, shares[watch.standby.entry])),
    )


def rests(live: LiveRoute | None, split: Split) -> bool:
    """Whether the live route gives every backend of the split its share, and no other any."""
    if live is None:
        return False
    wanted = {side.entry: share for side, share in split.shares}
    names = {*wanted, *(name for name, share in live.shares.items() if share > 0)}
    return all(abs(live.shares.get(name, 0.0) - wanted.get(name, 0.0)) <= SAME for name in names)
