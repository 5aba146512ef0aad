"""One release system a file, behind one small protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.peers.matrix import PROXIES
from bench.peers.systems.argo import ArgoRollouts
from bench.peers.systems.base import Site, Surroundings, System
from bench.peers.systems.flagger import Flagger
from bench.peers.systems.slipway import Slipway, SlipwayByProxies

SYSTEMS: Mapping[str, Callable[[Surroundings, Site], System]] = {
    "slipway": Slipway,
    PROXIES: SlipwayByProxies,
    "argo-rollouts": ArgoRollouts,
    "flagger": Flagger,
}
