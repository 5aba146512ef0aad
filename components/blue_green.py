"""Smoke checks at 0%, one switch, and a bake time with the old version warm."""

from __future__ import annotations

from components.topology import Topology
from slipway.release.manifest import strategy
from slipway.release.tokens import BLUE_GREEN


class BlueGreen(Topology):
    """A service whose next release goes out by `strategy.kind: blue-green`."""

    TOKEN = BLUE_GREEN
    STRATEGY = strategy.BlueGreen
