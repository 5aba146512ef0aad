"""Batches of replicas without double capacity; the weight follows the ready replicas."""

from __future__ import annotations

from components.topology import Topology
from slipway.release.manifest import strategy


class Rolling(Topology):
    """A service whose next release goes out by `strategy.kind: rolling`."""

    KIND = "Rolling"
    STRATEGY = strategy.Rolling
