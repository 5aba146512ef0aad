"""Routers: one file each, all behind the protocol in base.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.release.errors import InputError, Problem
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.base import Router

if TYPE_CHECKING:
    from lightkube import Client

DEFAULT = "gateway-api"


def router_for(
    kind: str, client: Client, namespace: str, service: str, fence: Fence = UNFENCED, stack: str = ""
) -> Router:
    """The router of this kind for one service. Raises InputError for a kind that there is not."""
    if kind == DEFAULT:
        # Imported here, so that what is pure does not load a client of the API server.
        from slipway.rollout.routers.gateway_api import GatewayApiRouter

        return GatewayApiRouter(client, namespace, service, fence, stack)
    raise InputError(f"service {service}", [Problem("route.router", f"there is no router {kind!r}", f"Use {DEFAULT}")])
