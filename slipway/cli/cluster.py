"""What the cluster says of a service: its journal, its route, and whether somebody keeps its Lease alive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from lightkube.resources.core_v1 import ConfigMap

from slipway.release.labels import SERVICE_LABEL
from slipway.release.records.journal import Head, read_head
from slipway.release.units import show_seconds
from slipway.rollout.adapters import World
from slipway.rollout.assemble import connect_world
from slipway.rollout.platforms.base import Lease
from slipway.rollout.platforms.kubernetes.client import connect
from slipway.rollout.platforms.kubernetes.objects import PART_LABEL
from slipway.rollout.platforms.kubernetes.requests import Requests
from slipway.rollout.safety.heartbeat import RENEW_EVERY

WATCH = 2 * RENEW_EVERY + 0.5
"""Seconds after which a Lease that was not renewed counts as silent: two renewals were due."""
POLL = 0.25


@dataclass(frozen=True, slots=True)
class Holding:
    """A Lease as it was watched: `free`, `renewed` by a living holder, `silent`, or `expired`. `age` in seconds."""

    state: Literal["free", "renewed", "silent", "expired"]
    holder: str = ""
    age: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether a process holds it and goes on."""
        return self.state == "renewed"

    def __str__(self) -> str:
        if self.state == "free":
            return "free"
        what = {"renewed": "renewed", "silent": "not renewed", "expired": "expired, not renewed"}[self.state]
        since = "now" if self.alive else f"for {show_seconds(float(round(self.age)))}"
        return f"held by {self.holder}, {what} {since}"


def head_of(world: World, service: str) -> Head | None:
    """The journal's head, None when there is none."""
    stored = world.journal.load()
    return None if stored is None else read_head(stored[0], service)


def world_of(service: str, namespace: str) -> World:
    """The adaptors of one service; nothing is asked yet."""
    return connect_world(service, namespace)


def services_in(namespace: str) -> list[str]:
    """The services that have a journal in this namespace."""
    client = connect(namespace)
    found = Requests(client).ask(
        f"ConfigMaps in {namespace}",
        lambda: list(client.list(ConfigMap, namespace=namespace, labels={PART_LABEL: "journal"})),
    )
    labels = [(one.metadata.labels if one.metadata is not None else None) or {} for one in found]
    return sorted({one[SERVICE_LABEL] for one in labels if SERVICE_LABEL in one})


def watched(
    lease: Lease, seconds: float = WATCH, *, patient: bool = False, pause: Callable[[float], object] = time.sleep
) -> Holding:
    """Whether a Lease is kept alive, watching for so long at most. One that was renewed a moment ago by our clock
    counts at once, unless `patient`: then only a renewal that is seen does."""
    first = state = lease.held_by()
    if first is None:
        return Holding("free")
    if not patient and 0 <= first.age <= RENEW_EVERY:
        return Holding("renewed", first.holder, first.age)
    for _ in range(round(seconds / POLL)):
        if state is None or state.expired:
            break
        pause(POLL)
        state = lease.held_by()
        if state is not None and (state.renewed, state.holder) != (first.renewed, first.holder):
            return Holding("renewed", state.holder, state.age)
    if state is None:
        return Holding("free")
    return Holding("expired" if state.expired else "silent", state.holder, state.age)


def all_watched(leases: Iterable[Lease]) -> list[Holding]:
    """Each of them, patiently and at the same time."""
    every = list(leases)
    with ThreadPoolExecutor(max_workers=max(1, min(16, len(every)))) as pool:
        return list(pool.map(lambda lease: watched(lease, patient=True), every))
