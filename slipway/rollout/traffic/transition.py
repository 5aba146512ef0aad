"""From the route that is to the route that is wanted, in writes that lose no request.

A gateway does not put all of one write into force at one instant: clusters, endpoints and routes of a data plane
travel apart. So a backend joins the route without weight first, the weights move while all backends are in it, and
who has none any more leaves in a write of its own; each write is awaited. Measured on Contour and Envoy: one write
that did all at once lost 2 to 20 requests of 600 a second in 8 of 8 tries, these three none in 24.

A gateway's controller that has just restarted accepts a route before its proxies have it. A backend that leaves then
is gone from proxies that still send to it (144 answers of 503 in one trial), so `move` leaves it in the route at 0%,
and `take_out` is for the caller that has seen it without requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from slipway.release.errors import ClusterError
from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent, percent_of, show_seconds
from slipway.rollout.adapters import Adapters
from slipway.rollout.routers.base import LiveRoute, Split

ACCEPT_WITHIN = 30.0
"""Seconds that the gateway has for each write; Contour needs 6 to 200 milliseconds."""
BEHIND_WITHIN = 120.0
"""The same for a gateway that judged an earlier generation of the route: its controller has been restarted, or waits to
be let in by an API server that was; after such an outage it may ask again only every half minute."""
POLL = 0.05
SAME = 0.006
"""Percent; routers carry weights of 0.01%."""


def next_split(
    live: Mapping[str, Percent] | None, wanted: Split, known: Sequence[Backend], *, out: bool
) -> Split | None:
    """The next write on the way to `wanted`, None when `live` (percent per Service) is there.

    `known` are the backends that may stand in the route besides the wanted ones: at the end they are in it at 0%, or
    `out` of it. Others are not ours to keep.
    """
    backends = {backend.entry: backend for backend in (*known, *(side for side, _ in wanted.shares))}
    targets = {side.entry: share for side, share in wanted.shares}
    mine = {name: share for name, share in (live or {}).items() if name in backends}
    carried = sum(mine.values())
    if live is None or carried <= 0:
        return None if live is not None and _same(live, targets) else wanted
    missing = [side for side, _ in wanted.shares if side.entry not in live]
    if missing:
        kept = [(backends[name], percent_of(share, carried)) for name, share in mine.items()]
        return Split((*kept, *((side, 0.0) for side in missing)), wanted.preview)
    leaving = [backends[name] for name in mine if name not in targets]
    idle = replace(wanted, shares=(*wanted.shares, *((side, 0.0) for side in leaving)))
    if any(abs(live[name] - share) > SAME for name, share in targets.items()):
        return idle
    end = wanted if out else idle
    return None if _same(live, {side.entry: share for side, share in end.shares}) else end


def move(
    adapters: Adapters, route: Route, wanted: Split, known: Sequence[Backend], wait: Callable[[float], object]
) -> LiveRoute:
    """Write until the traffic is as wanted and the gateway has accepted it; the `known` backends that are in the route
    stay in it at 0%. Raises ClusterError when the gateway does not accept it."""
    return _write_until(adapters, route, wanted, known, wait, out=False)


def take_out(
    adapters: Adapters, route: Route, wanted: Split, known: Sequence[Backend], wait: Callable[[float], object]
) -> LiveRoute:
    """As `move`, but the `known` backends leave the route. They must have been seen without requests."""
    return _write_until(adapters, route, wanted, known, wait, out=True)


def _write_until(
    adapters: Adapters,
    route: Route,
    wanted: Split,
    known: Sequence[Backend],
    wait: Callable[[float], object],
    *,
    out: bool,
) -> LiveRoute:
    while True:
        adapters.fence.check()
        live = adapters.router.read()
        split = next_split(live.shares if live is not None else None, wanted, known, out=out)
        if (
            split is None
            and live is not None
            and live.settings_hash == adapters.router.settings_hash(route, wanted.preview, wanted.sticky, wanted.mirror)
        ):
            return await_accepted(adapters, wait)
        adapters.router.apply(route, split or _kept(wanted, live, known), live.version if live is not None else None)
        await_accepted(adapters, wait)


def _kept(wanted: Split, live: LiveRoute | None, known: Sequence[Backend]) -> Split:
    """The wanted split with the known backends that are in the route, when only its settings differ."""
    named = {side.entry for side, _ in wanted.shares}
    idle = [side for side in known if live is not None and side.entry in live.shares and side.entry not in named]
    return replace(wanted, shares=(*wanted.shares, *((side, 0.0) for side in idle)))


def await_accepted(adapters: Adapters, wait: Callable[[float], object]) -> LiveRoute:
    """The live route once the gateway has accepted it. Raises ClusterError with the gateway's own reason."""
    began = adapters.now()
    while True:
        live = adapters.router.read()
        if live is not None and live.accepted:
            return live
        limit = accept_within(live)
        if adapters.now() - began > limit:
            problem = live.problem if live is not None else "the route is missing"
            raise ClusterError(f"the gateway did not accept the route within {show_seconds(limit)}: {problem}")
        wait(POLL)


def accept_within(live: LiveRoute | None) -> float:
    """Seconds that the gateway has for this route."""
    return BEHIND_WITHIN if live is not None and live.behind else ACCEPT_WITHIN


def _same(live: Mapping[str, float], targets: Mapping[str, float]) -> bool:
    return live.keys() == targets.keys() and all(abs(live[name] - share) <= SAME for name, share in targets.items())
