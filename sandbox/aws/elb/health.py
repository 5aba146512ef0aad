"""The health of targets, by asking them, as a load balancer does."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sandbox.aws.elb.view import Group, View

Place = tuple[str, str, int]
"""ARN of a target group, address, port."""
REASONS = {
    "initial": ("Elb.RegistrationInProgress", "Target registration is in progress"),
    "unused": ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
    "draining": ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
    "healthy": (None, None),
}
FIRST_INTERVAL = 1.0
"""Seconds at most between two questions to a target that has not been healthy yet."""


@dataclass
class Target:
    """One target of one group. `state` is that of the API."""

    state: str = "initial"
    good: int = 0
    bad: int = 0
    due: float = 0.0
    left: float = 0.0
    """When it was deregistered, by the steady clock; 0 while it is registered."""
    said: str = ""
    asking: bool = False


class Health:
    """Knows the state of every target. `active` tells how many requests a target of a group has in flight."""

    def __init__(self, active: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        self._active = active
        self._lock = threading.Lock()
        self._targets: dict[Place, Target] = {}
        self._pool = ThreadPoolExecutor(8)

    def state(self, group: str, address: str, port: int) -> tuple[str, str | None, str | None]:
        """State, reason and description of one target."""
        with self._lock:
            found = self._targets.get((group, address, port))
        if found is None:
            return "unused", "Target.NotRegistered", "Target is not registered to the target group"
        if found.state == "unhealthy":
            return found.state, "Target.FailedHealthChecks", found.said or "Health checks failed"
        return found.state, *REASONS[found.state]

    def there(self, group: str) -> dict[tuple[str, int], str]:
        """Address and port of each target that is registered or draining, with its state."""
        with self._lock:
            return {(place[1], place[2]): one.state for place, one in self._targets.items() if place[0] == group}

    def look(self, view: View) -> None:
        """Once at everything: who has come and gone, and who is to be asked."""
        now = time.monotonic()
        wanted = {(group.arn, *place) for group in view.groups.values() for place in group.targets}
        with self._lock:
            for place in wanted - self._targets.keys():
                self._targets[place] = Target()
            leaving = [place for place in self._targets if place not in wanted]
        self._drain(leaving, view, now)
        for place in wanted:
            group, target = view.groups[place[0]], self._targets[place]
            if target.left:
                target.left, target.state, target.good, target.bad = 0.0, "initial", 0, 0
            self._consider(group, target, place, used=bool(view.users(group.arn)), now=now)

    def _consider(self, group: Group, target: Target, place: Place, *, used: bool, now: float) -> None:
        if not used:
            target.state, target.good, target.bad, target.due = "unused", 0, 0, 0.0
            return
        if target.state == "unused":
            target.state = "initial"
        if now >= target.due and not target.asking:
            quick = min(group.interval, FIRST_INTERVAL) if target.state == "initial" else group.interval
            target.due, target.asking = now + quick, True
            self._pool.submit(self._ask, group, target, place)

    def _drain(self, leaving: list[Place], view: View, now: float) -> None:
        """Until nothing is in flight, or its delay is over: a target that no request reached goes at once."""
        if not leaving:
            return
        active = self._active()
        for place in leaving:
            target, group = self._targets[place], view.groups.get(place[0])
            target.left = target.left or now
            target.state = "draining"
            in_flight = active.get((group.name, f"{place[1]}:{place[2]}"), 0) if group else 0
            # Envoy is told first: what it still sends for a moment counts as in flight.
            if group is None or now > target.left + group.delay or (now > target.left + 1.0 and not in_flight):
                with self._lock:
                    self._targets.pop(place, None)

    def _ask(self, group: Group, target: Target, place: Place) -> None:
        try:
            said = _answer(group, place)
        except (OSError, http.client.HTTPException) as error:
            said = f"{type(error).__name__}: {error}"
        target.asking = False
        if target.left or target.state == "unused":
            return
        if said == "":
            target.good, target.bad = target.good + 1, 0
            if target.good >= group.healthy_after or target.state == "healthy":
                target.state = "healthy"
        else:
            target.good, target.bad, target.said = 0, target.bad + 1, said
            if target.bad >= group.unhealthy_after:
                target.state = "unhealthy"


def _answer(group: Group, place: Place) -> str:
    """Empty when it is a good one."""
    port = place[2] if group.port == "traffic-port" else int(group.port)
    connection = http.client.HTTPConnection(place[1], port, timeout=min(group.timeout, 5.0))
    try:
        connection.request("GET", group.path, headers={"User-Agent": "ELB-HealthChecker/2.0"})
        status = connection.getresponse().status
    finally:
        connection.close()
    return "" if matches(group.codes, status) else f"Health checks failed with these codes: [{status}]"


def matches(codes: str, status: int) -> bool:
    """Whether a status is in a list such as `200,301-304`."""
    for part in codes.split(","):
        first, _, last = part.strip().partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False
