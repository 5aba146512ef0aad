"""Holds the autoscalers of both versions while traffic moves, and lets them go again; which numbers, says
slipway.release.floors.

The journal names whose minimum is raised before it is, and until the declared one is written back: the next process
that finds such a name, after whatever end, does that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from slipway.release.errors import ClusterError, LeaseLost
from slipway.release.floors import SEEN_AT_LAST, may_fall, within
from slipway.release.records.journal import Attempt, Head, Outcome, raising
from slipway.release.rollout_inputs import Backend
from slipway.release.units import show_seconds
from slipway.rollout.adapters import Adapters
from slipway.rollout.record import Stored, save_head

POLL = 2.0


def with_ready_before(adapters: Adapters, attempt: Attempt, old: Backend | None) -> Attempt:
    """Record what is ready of the old workload, where an autoscaler scales it or the candidate. Raises ClusterError."""
    if old is None or adapters.autoscalers is None or (old.autoscaled is None and attempt.candidate.autoscaled is None):
        return attempt
    return attempt.model_copy(update={"ready_before": adapters.workloads.readiness(old).endpoints_ready})


def hold(adapters: Adapters, backend: Backend | None, least: int) -> None:
    """See that it keeps `least` replicas, as far as it may have so many: the minimum of its autoscaler, and its scale
    at once. The journal names it already (`raising`). Raises ClusterError."""
    if backend is None or backend.autoscaled is None or adapters.autoscalers is None:
        return
    wanted = within(least, backend.autoscaled)
    adapters.autoscalers.raise_to(backend, wanted)
    if 0 < adapters.workloads.replicas(backend) < wanted:
        adapters.workloads.scale(backend, wanted)


def raise_for_return(adapters: Adapters, stored: Stored, serving: Backend, leaving: Backend) -> int:
    """Before traffic goes back from `leaving` without a rollout: `serving` gets as many replicas as `leaving` has
    ready. Returns how many it is to have. Raises ClusterError and LeaseLost."""
    if serving.autoscaled is None or adapters.autoscalers is None:
        return serving.replicas
    least = within(adapters.workloads.readiness(leaving).endpoints_ready, serving.autoscaled)
    save_head(adapters, stored, raising(stored.head, serving, leaving))
    hold(adapters, serving, least)
    return least


def write_back(
    adapters: Adapters, stored: Stored, tell: Callable[[str], None], cancelled: threading.Event | None = None
) -> None:
    """Write the declared minimum back, for what serves once its autoscaler has seen all of the traffic. A cancelled
    wait leaves that to the next update. Raises ClusterError and LeaseLost."""
    autoscalers, head = adapters.autoscalers, stored.head
    if not head.raised or autoscalers is None:
        return
    serving = head.serving.backend if head.serving is not None else None
    left = []
    for backend in head.raised:
        served = serving is not None and backend.workload == serving.workload
        if served and not _await_load(
            adapters, backend, _Waiting(head.service, _whole_since(adapters, head), tell, cancelled)
        ):
            left.append(backend)
            continue
        autoscalers.restore(backend)
    save_head(adapters, stored, stored.head.model_copy(update={"raised": tuple(left)}))


def leave_or_write_back(
    adapters: Adapters,
    stored: Stored,
    tell: Callable[[str], None],
    event: Callable[[str], None],
    cancelled: threading.Event | None = None,
) -> None:
    """The same where something else is to be said: what cannot be done now is an event, and left to the next update."""
    try:
        write_back(adapters, stored, tell, cancelled)
    except (ClusterError, LeaseLost) as error:
        event(f"{stored.head.service}: the minimum of an autoscaler stays raised until the next up: {error}")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """For an autoscaler to see the traffic, which has been whole `since`."""

    service: str
    since: float
    tell: Callable[[str], None]
    cancelled: threading.Event | None

    def pause(self, adapters: Adapters) -> None:
        if self.cancelled is not None:
            self.cancelled.wait(POLL)
        else:
            adapters.pause(POLL)


def _whole_since(adapters: Adapters, head: Head) -> float:
    """When what serves got all of the traffic: by the last step of a rollout that this process has committed, since
    the clocks of two hosts are not compared, else now."""
    attempt = head.attempt
    if attempt is None or attempt.outcome is not Outcome.COMMITTED or attempt.id != adapters.fence.writer:
        return adapters.now()
    last = attempt.steps[-1] if attempt.steps else None
    return last.began if last is not None and last.weight >= 100 else adapters.now()


def _await_load(adapters: Adapters, backend: Backend, waiting: _Waiting) -> bool:
    """Whether its autoscaler may be left to itself."""
    autoscalers, bounds = adapters.autoscalers, backend.autoscaled
    if autoscalers is None or bounds is None:
        return True
    while True:
        minimum = autoscalers.minimum(backend)
        if minimum is None or minimum <= bounds.minimum:
            return True
        whole_for = adapters.now() - waiting.since
        if may_fall(whole_for, wants_fewer=autoscalers.wants_fewer(backend)):
            return True
        if waiting.cancelled is not None and waiting.cancelled.is_set():
            return False
        left = show_seconds(float(round(max(0.0, SEEN_AT_LAST - whole_for))))
        waiting.tell(
            f"{waiting.service}: {backend.workload} keeps {minimum} replicas until its autoscaler has seen all of the "
            f"traffic, {left} at most"
        )
        waiting.pause(adapters)
