"""Waiting until a backend may be given traffic."""

from __future__ import annotations

import threading

from slipway.release.errors import ClusterError
from slipway.release.rollout_inputs import Backend
from slipway.release.units import show_seconds
from slipway.rollout.adapters import Adapters

POLL = 0.5


def await_ready(adapters: Adapters, backend: Backend, cancelled: threading.Event) -> str | None:
    """None once as many endpoints are ready as it has replicas, else why not, after the time that it has for that."""
    began, problem = adapters.now(), ""
    while True:
        try:
            seen = adapters.workloads.readiness(backend)
        except ClusterError as error:
            problem = str(error)
        else:
            if seen.endpoints_ready >= max(1, backend.replicas):
                return None
            problem = f"{backend.workload} has {seen.endpoints_ready} of {backend.replicas} replicas ready"
        if adapters.now() - began > backend.ready_within or cancelled.is_set():
            return f"{problem} after {show_seconds(float(round(adapters.now() - began)))}"
        adapters.pause(POLL)
