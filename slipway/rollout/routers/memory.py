"""A router without a cluster, for tests: the same rules, failures and other writers on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from slipway.release.errors import ClusterError, Conflict
from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview
from slipway.release.rollout_inputs import Backend
from slipway.rollout.process.faults import Faults
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.base import ClientAssignment, LiveRoute, Split, refuse_other_stack
from slipway.rollout.routers.httproute import (
    check_preview,
    mirrored_of,
    shares_of,
    spec_of,
    wanted_hash,
    wanted_settings,
)
from slipway.rollout.routers.ruled import Users


class MemoryRouter:
    """See slipway.rollout.routers.base.Router. `history` holds every split that was written, oldest first."""

    def __init__(self, fence: Fence = UNFENCED, stack: str = "") -> None:
        self.faults = Faults()
        self.fence = fence
        self.stack = stack
        self.history: list[Split] = []
        self.others: list[str] = []
        """Names of other routes that claim the same."""
        self.narrower: list[str] = []
        """Names of other routes that claim some of it, by a header."""
        self.problem = ""
        """Why the gateway refuses the routes that are written from now on; empty: it accepts them."""
        self._live: LiveRoute | None = None
        self._version = 0

    def read(self, max_age: float = 0.0) -> LiveRoute | None:
        """The live route, None when there is none."""
        self.faults.hit("read")
        return self._live

    def apply(self, route: Route, split: Split, expect: str | None) -> LiveRoute:
        """Write the whole route by compare-and-swap."""
        self.faults.hit("apply")
        check_preview(split.preview)
        self._refuse_foreign()
        spec = spec_of(route, split)
        users = Users.of(route)
        shares, settings_hash = shares_of(spec, users), wanted_hash(route, split.preview, split.sticky, split.mirror)
        if (self._live.version if self._live is not None else None) != expect:
            if self._live is not None and self._is_own(shares, settings_hash):
                return self._live
            raise Conflict("another writer changed the route in between")
        self.fence.check()
        self.history.append(split)
        accepted = not self.problem
        writer, owner = self.fence.writer, self.stack or (self._live.owner if self._live is not None else "")
        settings = wanted_settings(route, split.preview)
        by = "slipway-rollout"
        former = self._live.former if self._live is not None else ""
        live = self._set(
            LiveRoute(
                shares,
                "",
                accepted,
                self.problem,
                True,
                settings_hash,
                writer,
                owner,
                by,
                settings,
                former,
                mirrored=mirrored_of(spec, users),
            )
        )
        self.faults.done("apply")
        return live

    def claim(self) -> LiveRoute | None:
        """Stamp the route with the writer."""
        self.faults.hit("claim")
        if self._live is None:
            return None
        if not self._live.managed:
            raise ClusterError("the route was not made by Slipway and is left alone")
        owner = self.stack or self._live.owner
        self.fence.check()
        live = self._set(replace(self._live, writer=self.fence.writer, owner=owner))
        self.faults.done("claim")
        return live

    def check_take_over(self, route: Route, backend: Backend) -> None:
        """Whether all of the traffic is at `backend`."""
        if self._live is None or dict(self._live.shares) != {backend.entry: 100.0}:
            raise ClusterError("the live route cannot be taken over, since it would not stay as it is")

    def take_over(self, route: Route, backend: Backend) -> LiveRoute:
        """Take over the route that `drift` has made."""
        self.faults.hit("take_over")
        self.check_take_over(route, backend)
        live = self._live
        if live is None or live.managed:
            return live or LiveRoute({}, "", False, "", managed=False)
        self.fence.check()
        owner = self.stack or live.owner
        taken = replace(live, managed=True, former=backend.entry, writer=self.fence.writer, owner=owner)
        live = self._set(taken)
        self.faults.done("take_over")
        return live

    def give_back(self) -> None:
        """Everything goes to where it went, and the route is none of Slipway's."""
        self.faults.hit("give_back")
        live = self._live
        if live is None or not live.managed:
            return
        if not live.former:
            raise ClusterError("the route was made by Slipway and not taken over; `pulumi destroy` deletes it")
        self.fence.check()
        self._set(replace(live, managed=False, former="", shares={live.former: 100.0}, writer="", owner=""))
        self.faults.done("give_back")

    def settings_hash(
        self,
        route: Route,
        preview: tuple[Backend, Preview] | None = None,
        sticky: ClientAssignment | None = None,
        mirror: tuple[Backend, Mirrored] | None = None,
    ) -> str:
        """What `LiveRoute.settings_hash` is while the route is as wanted."""
        return wanted_hash(route, preview, sticky, mirror)

    def settings(self, route: Route) -> Mapping[str, Any]:
        """What `LiveRoute.settings` is while the route is as wanted."""
        return wanted_settings(route)

    def rivals(self, route: Route) -> Sequence[str]:
        """Other routes with the same match, as a test says."""
        return self.others

    def losing_to_copies(self, route: Route) -> Sequence[str]:
        """Other routes that are told apart by a header, as a test says."""
        return self.narrower

    def delete(self) -> None:
        """Remove the route."""
        self.faults.hit("delete")
        if self._live is None:
            return
        self._refuse_foreign()
        self.fence.check()
        self._live = None
        self.faults.done("delete")

    def drift(
        self,
        shares: Mapping[str, float],
        *,
        settings_hash: str | None = None,
        mirrored: Mapping[str, float] | None = None,
        managed: bool = True,
        by: str = "another",
    ) -> None:
        """Another writer changes the route; `by` is its field manager."""
        former = self._live or LiveRoute({}, "", True, "", managed)
        kept = former.settings_hash if settings_hash is None else settings_hash
        copied = dict(former.mirrored if mirrored is None else mirrored)
        changed = replace(former, shares=dict(shares), managed=managed, settings_hash=kept, changed_by=by)
        self._set(replace(changed, mirrored=copied))

    def judge(self, problem: str = "") -> None:
        """The gateway judges the live route anew: `problem` is why it refuses it, empty when it accepts it."""
        self.problem = problem
        if self._live is not None:
            self._live = replace(self._live, accepted=not problem, problem=problem)

    def _refuse_foreign(self) -> None:
        if self._live is not None and not self._live.managed:
            raise ClusterError("the route was not made by Slipway and is left alone")
        refuse_other_stack("the route", self._live.owner if self._live is not None else "", self.stack, "SERVICE")

    def _is_own(self, shares: Mapping[str, float], settings_hash: str) -> bool:
        live, writer = self._live, self.fence.writer
        return (
            live is not None
            and live.writer == writer != ""
            and (dict(live.shares), live.settings_hash) == (dict(shares), settings_hash)
        )

    def _set(self, live: LiveRoute) -> LiveRoute:
        self._version += 1
        self._live = replace(live, version=f"memory/{self._version}")
        return self._live
