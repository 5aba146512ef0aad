"""Notices at each look that another writer changed the route of a rollout in flight."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from slipway.rollout.process.fence import Fence, boot_clock
from slipway.rollout.routers.base import LiveRoute, Router, Split

SAME = 0.011
"""Percent; a router carries weights of 0.01%."""


class RouteWatch:
    """Compares the live route with what this rollout wrote last.

    The version of a route changes with whatever is asked for in it, not with its status, so another version is
    another's work, unless it holds just what this rollout was about to write: then the answer was lost.
    """

    def __init__(self, router: Router, fence: Fence, clock: Callable[[], float] = boot_clock) -> None:
        self._router = router
        self._fence = fence
        self._clock = clock
        self._own: LiveRoute | None = None
        self._known = False
        self._at = self._clock()
        self.live: LiveRoute | None = None
        """As it was read or written last."""
        self.tried: Split | None = None
        """A write that was not answered."""

    def writing(self, split: Split) -> None:
        """This split is about to be written."""
        self.tried = split

    def wrote(self, live: LiveRoute | None) -> None:
        """The route is as this rollout wrote it."""
        self.live, self._own, self.tried, self._known = live, live, None, True
        self._at = self._clock()

    def holds(self, split: Split) -> bool:
        """Whether the route that was read last holds these shares, by a write of ours."""
        live = self.live
        return live is not None and live.writer == self._fence.writer and _same(live, split)

    def foreign(self, max_age: float = 0.0) -> str | None:
        """Read the route; what another writer changed in it, None when none did. Raises ClusterError. `max_age` as
        for Router.read; what was read before the last write of ours never counts."""
        live = self._router.read(min(max_age, self._clock() - self._at))
        if not self._known:
            self.wrote(live)
            return None
        self.live, before = live, self._own
        if (live.version if live is not None else None) == (before.version if before is not None else None):
            return None
        tried = self.tried
        ours = live is not None and live.writer == self._fence.writer
        if live is not None and ours and tried is not None and _same(live, tried):
            self.wrote(live)
            return None
        return _told(before, live)


def _same(live: LiveRoute, split: Split) -> bool:
    shares, wanted = live.shares, {side.entry: share for side, share in split.shares}
    copied = {} if split.mirror is None else {split.mirror[0].entry: split.mirror[1].percent}
    if not _close(live.mirrored, copied):
        return False
    return _close(shares, wanted)


def _close(shares: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    return shares.keys() == wanted.keys() and all(abs(shares[name] - share) <= SAME for name, share in wanted.items())


def _told(before: LiveRoute | None, live: LiveRoute | None) -> str:
    if live is None:
        return "another writer deleted the route"
    by = f" ({live.changed_by})" if live.changed_by else ""
    if before is None:
        return f"another writer{by} made the route"
    if dict(before.mirrored) != dict(live.mirrored):
        return f"another writer{by} changed what is copied: {_copied(live)}"
    if dict(before.shares) != dict(live.shares):
        shares = ", ".join(f"{name} {share:g}%" for name, share in sorted(live.shares.items()))
        return f"another writer{by} changed the weights to {shares}"
    return f"another writer{by} changed the route"


def _copied(live: LiveRoute) -> str:
    return ", ".join(f"{name} {share:g}%" for name, share in sorted(live.mirrored.items())) or "nothing"
