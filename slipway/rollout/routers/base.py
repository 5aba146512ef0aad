"""The protocol of a router: the only writer of a service's traffic weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from slipway.release.errors import ClusterError
from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview
from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent

ROUTE_OWNER_LABEL = "slipway.dev/owned-by"


@dataclass(frozen=True, slots=True)
class ClientAssignment:
    """One random draw of each client for a whole ramp, kept in a cookie: the client is on `service` while the
    weight of `service` is above what it drew, so it moves there once, and only there.

    `bounds` are the weights of the ramp in percent, growing, the last one 100; `max_age` is in seconds."""

    cookie: str
    service: str
    bounds: tuple[Percent, ...]
    max_age: int


@dataclass(frozen=True, slots=True)
class Split:
    """The traffic that is wanted: percent per backend (sum 100), and who is reachable by preview at 0%.

    With `draw` the shares are those of clients, while they are a real split. `mirror` gets copies of requests, whose
    answers go nowhere."""

    shares: tuple[tuple[Backend, Percent], ...]
    preview: tuple[Backend, Preview] | None = None
    draw: ClientAssignment | None = None
    mirror: tuple[Backend, Mirrored] | None = None

    @property
    def sticky(self) -> ClientAssignment | None:
        """The draw, unless one side has everything: then there is nothing that clients could stick to."""
        share = sum(share for backend, share in self.shares if self.draw and backend.entry == self.draw.service)
        return self.draw if 0 < share < 100 else None

    @classmethod
    def whole(cls, backend: Backend) -> Split:
        """Everything to one backend."""
        return cls(((backend, 100.0),))


@dataclass(frozen=True, slots=True)
class LiveRoute:
    """The route as the cluster holds it. `shares` is percent per Service name (0 for one that stands in the route
    without traffic), `accepted` whether the gateway accepted this generation with all references resolved,
    `problem` why not.

    `version` is opaque and changes with what was asked for, not with the status that the gateway writes."""

    shares: Mapping[str, Percent]
    version: str
    accepted: bool
    problem: str
    managed: bool
    """False when Slipway did not make the route: then it is never overwritten."""
    settings_hash: str = ""
    """Canonical hash of the parts of the spec that are not weights (hosts, matches, preview, client assignment)."""
    writer: str = ""
    """Id of the attempt that wrote or claimed the route last; empty when nothing says so."""
    owner: str = ""
    """`project/stack` that declares the route; empty for one written before this was recorded."""
    changed_by: str = ""
    """Field manager of the last change of the spec, such as `kubectl-patch`; empty where it is unknown."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The spec without the weights, see Router.settings."""
    former: str = ""
    """The Service that the route sent everything to before Slipway took it over; empty for one that Slipway made."""
    mirrored: Mapping[str, Percent] = field(default_factory=dict)
    """Percent of the requests, or of some of them, whose copies a Service gets."""
    behind: bool = False
    """Not accepted because a gateway that judged an earlier generation has not come to this one: its controller is
    slow, or away."""


class Router(Protocol):
    """Writes and reads back one service's route in one namespace."""

    def read(self, max_age: float = 0.0) -> LiveRoute | None:
        """The live route, None when there is none; with `max_age` as other rollouts of this process have read it at
        most so many seconds ago, though never the same twice. Raises ClusterError when the API cannot be asked."""
        ...

    def apply(self, route: Route, split: Split, expect: str | None) -> LiveRoute:
        """Write the whole route. `expect` is the version of the route that is to be replaced, None when it must
        not exist yet. Raises Conflict when another wrote in between, ClusterError otherwise, also for a route
        that Slipway did not make or that another stack declares, and ValueError for a split that cannot be written.
        Like every write it asks the fence after its read and right before it writes: LeaseLost or LeaseStale."""
        ...

    def claim(self) -> LiveRoute | None:
        """Stamp the route with the writer of the fence and the owner, and change nothing else; None when there is no
        route. A write that an earlier holder of the Lease has under way then fails by compare-and-swap. It takes the
        route over from another stack: ask first whether that is allowed. Raises ClusterError for a route that
        Slipway did not make."""
        ...

    def check_take_over(self, route: Route, backend: Backend) -> None:
        """Raises ClusterError where the live route cannot be taken over: it says anything but `route` with everything
        at `backend`, something else writes it, or there is none. Reads only; a route of Slipway's own is none."""
        ...

    def take_over(self, route: Route, backend: Backend) -> LiveRoute:
        """Make a route that Slipway did not make its own, with the spec that it has; what it was is kept with it.
        Raises ClusterError as `check_take_over` does."""
        ...

    def give_back(self) -> None:
        """Make a route that was taken over what it was before, by one write; it is no error when that was done. Raises
        ClusterError for one that Slipway made."""
        ...

    def settings_hash(
        self,
        route: Route,
        preview: tuple[Backend, Preview] | None = None,
        sticky: ClientAssignment | None = None,
        mirror: tuple[Backend, Mirrored] | None = None,
    ) -> str:
        """What `LiveRoute.settings_hash` is while the route is as wanted (`sticky` and `mirror` as in Split); anything
        else is drift. Makes no request."""
        ...

    def settings(self, route: Route) -> Mapping[str, Any]:
        """What `LiveRoute.settings` is while the route is as wanted and nothing is in flight, to say what differs.
        Makes no request."""
        ...

    def rivals(self, route: Route) -> Sequence[str]:
        """The names of other routes of the namespace that have a host name and a match of this one."""
        ...

    def losing_to_copies(self, route: Route) -> Sequence[str]:
        """The names of other routes of the namespace that would lose requests to a rule that copies this one's."""
        ...

    def delete(self) -> None:
        """Remove the route; it is no error when there is none."""
        ...


def refuse_other_stack(what: str, owner: str, stack: str, service: str) -> None:
    """Raises ClusterError for a route, `what` in messages, that another stack declares."""
    if owner and stack and owner != stack:
        raise ClusterError(
            f"{what} is declared by the stack {owner}, and this is {stack}: two stacks would take the traffic from "
            f"each other; hand it over first with `slipway hand-over {service} --to {stack}`"
        )
