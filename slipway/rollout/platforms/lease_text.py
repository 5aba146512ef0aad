"""Who holds a Lease and what helps, in words. Pure."""

from __future__ import annotations

from slipway.release.units import show_seconds
from slipway.rollout.platforms.base import LeaseState, Role

_DOING: dict[Role, str] = {
    "rollout": "another rollout of {service} is in flight",
    "watchdog": "the watchdog of rollout {holder}, whose process died, is putting the traffic of {service} back",
    "follower": "the traffic of {service} is being put back, since the Job of its rollout has ended",
    "abort": "`slipway abort` is putting the traffic of {service} back",
    "watch": "the watch of {service} is at work",
}
_ADVICE: dict[Role, str] = {
    "rollout": "wait for it, or stop it with `slipway abort {service}`",
    "watchdog": "wait for it; what it waits for is in `slipway status {service}`",
    "follower": "wait for it; what it waits for is in `slipway status {service}`",
    "abort": "wait for it; what it waits for is in `slipway status {service}`",
    "watch": "wait for it; what it waits for is in `slipway status {service}`",
}


def held_by(state: LeaseState, service: str) -> str:
    """What the holder does, who it is, and for how long others have to wait for it if it died."""
    age = show_seconds(float(max(0, round(state.age))))
    doing = _DOING[state.role].format(service=service, holder=state.holder)
    return (
        f"{doing}: the Lease is held by {state.holder}, renewed {age} ago by its own clock and good for "
        f"{show_seconds(state.duration)}"
    )


def advice(state: LeaseState, service: str) -> str:
    """What helps."""
    return _ADVICE[state.role].format(service=service)
