"""The component of a service, by the strategy of its release."""

from __future__ import annotations

import pulumi

from components.blue_green import BlueGreen
from components.canary import Canary
from components.rolling import Rolling
from components.topology import Topology, TopologyArgs
from slipway.release.strategy import chosen

_COMPONENTS: dict[str, type[Topology]] = {"canary": Canary, "blue-green": BlueGreen, "rolling": Rolling}


def service(args: TopologyArgs, opts: pulumi.ResourceOptions | None = None) -> Topology:
    """Declare a service, named as in its manifest. `strategy.kind: auto` is resolved."""
    return _COMPONENTS[chosen(args.release).kind](args.release.service, args, opts)
