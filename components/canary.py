"""Growing shares of the traffic, with an analysis at each."""

from __future__ import annotations

from components.topology import Topology
from slipway.release.manifest import strategy
from slipway.release.tokens import CANARY


class Canary(Topology):
    """A service whose next release goes out by `strategy.kind: canary`."""

    TOKEN = CANARY
    STRATEGY = strategy.Canary
