"""A router without a cluster, for tests: the same rules, failures and other writers on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from release.errors import ClusterError, Conflict
from release.manifest.route import Route
from release.manifest.strategy import Preview
from release.rollout_inputs import Backend
from rollout.faults import Faults
from rollout.fence import UNFENCED, Fence
from rollout.routers.base import Draw, Live, Split
from rollout.routers.httproute import check_preview, shares_of, spec_of, wanted_body


class MemoryRouter:
    """See rollout.routers.base.Router. `history` holds every split that was written, oldest first."""

    def __init__(self, fence: Fence = UNFENCED, stack: str = "") -> None:
        self.faults = Faults()
        self.fence = fence
        self.stack = stack
        self.history: list[Split] = []
        self.problem = ""
        """What the gateway says against the routes that are written from now on; empty: it accepts them."""
        self._live: Live | None = None
        self._version = 0

    def read(self) -> Live | None:
        """The live route, None when there is none."""
        self.faults.hit("read")
        return self._live

    def apply(self, route: Route, split: Split, expect: str | None) -> Live:
        """Write the whole route by compare-and-swap."""
        self.faults.hit("apply")
        check_preview(split.preview)
        if self._live is not None and not self._live.managed:
            raise ClusterError("the route was made by somebody else and is left alone")
        if (self._live.version if self._live is not None else None) != expect:
            raise Conflict("somebody else wrote the route in between")
        shares = shares_of(spec_of(route, split))
        self.fence.check()
        self.history.append(split)
        body = wanted_body(route, split.preview, split.sticky)
        accepted = not self.problem
        writer = self.fence.writer
        return self._set(Live(shares, "", accepted, self.problem, True, body, writer, self.stack, "slipway-rollout"))

    def claim(self) -> Live | None:
        """Stamp the route with the writer."""
        self.faults.hit("claim")
        self.fence.check()
        if self._live is None:
            return None
        return self._set(replace(self._live, writer=self.fence.writer, owner=self.stack))

    def body(self, route: Route, preview: tuple[Backend, Preview] | None = None, sticky: Draw | None = None) -> str:
        """What `Live.body` is while the route is as wanted."""
        return wanted_body(route, preview, sticky)

    def delete(self) -> None:
        """Remove the route."""
        self.faults.hit("delete")
        self.fence.check()
        self._live = None

    def drift(self, shares: Mapping[str, float], *, body: str | None = None, managed: bool = True) -> None:
        """Somebody else writes the route."""
        former = self._live or Live({}, "", True, "", managed)
        kept = former.body if body is None else body
        self._set(replace(former, shares=dict(shares), managed=managed, body=kept, changed_by="somebody"))

    def judge(self, problem: str = "") -> None:
        """The gateway changes its mind about what is live; empty: it accepts."""
        self.problem = problem
        if self._live is not None:
            self._live = replace(self._live, accepted=not problem, problem=problem)

    def _set(self, live: Live) -> Live:
        self._version += 1
        self._live = replace(live, version=f"memory/{self._version}")
        return self._live
