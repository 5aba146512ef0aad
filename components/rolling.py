"""Batches of replicas without double capacity; the weight follows the ready replicas."""

from __future__ import annotations

from components.topology import Topology
from slipway.release.manifest import strategy
from slipway.release.tokens import ROLLING


class Rolling(Topology):
    """A service whose next release goes out by `strategy.kind: rolling`."""

    TOKEN = ROLLING
    STRATEGY = strategy.Rolling
