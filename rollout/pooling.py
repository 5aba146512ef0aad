"""What the HTTP clients of a process have in common: one pool of connections a server, for all its rollouts."""

from __future__ import annotations

import ssl
from functools import cache
from urllib.request import getproxies

import httpx2

LIMITS = httpx2.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=30.0)
"""By default a client keeps 20 connections open: hundreds of rollouts would open and close the others all the time."""


@cache
def trusted_by_default() -> ssl.SSLContext:
    """The context for servers without a CA of their own; reading the CA store takes 40 ms, so it is read once."""
    return httpx2.create_ssl_context()


def transport(verify: ssl.SSLContext) -> httpx2.HTTPTransport | None:
    """One with `LIMITS`; None where the environment names a proxy, which the client itself must then heed."""
    if any(scheme != "no" for scheme in getproxies()):
        return None
    return httpx2.HTTPTransport(verify=verify, limits=LIMITS)
