"""How the traffic is split while nothing is in flight: whole on what serves, but for the hold-back of an open watch."""

from __future__ import annotations

import hashlib
import math

from slipway.release.manifest.route import Route
from slipway.release.records.journal import Head, Serving
from slipway.release.records.watch import WatchEntry
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.units import Percent
from slipway.rollout.routers.base import ClientAssignment, LiveRoute, Split

DIGITS = 10
DAY = 86_400
"""Seconds that the cookie is kept at least."""
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
    kept, held = shares[watch.backend.entry], shares[watch.standby.entry]
    return Split(((serving.backend, kept), (watch.standby, held)), None, _draw(serving.route, watch, kept))


def _draw(route: Route, watch: WatchEntry, kept: Percent) -> ClientAssignment | None:
    """Where the route keeps clients on one side, so does the hold-back, by a draw of its own."""
    if route.affinity is None or route.affinity.cookie is None:
        return None
    told = hashlib.sha256(watch.id.encode()).hexdigest()[:DIGITS]
    longest = max(DAY, math.ceil(watch.seconds))
    return ClientAssignment(f"{route.affinity.cookie}-{told}", watch.backend.entry, (kept, 100.0), longest)


def resting_sticky(head: Head | None, wanted: RolloutInputs) -> ClientAssignment | None:
    """What keeps clients on their side while nothing is in flight."""
    if head is None or head.serving is None:
        return None
    return resting_split(head.serving, kept_watch(head, wanted)).sticky


def rests(live: LiveRoute | None, split: Split) -> bool:
    """Whether the live route gives every backend of the split its share, and no other any."""
    if live is None:
        return False
    wanted = {side.entry: share for side, share in split.shares}
    names = {*wanted, *(name for name, share in live.shares.items() if share > 0)}
    return all(abs(live.shares.get(name, 0.0) - wanted.get(name, 0.0)) <= SAME for name in names)
