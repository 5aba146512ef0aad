"""What the HTTP clients of a process have in common: its rollouts share connections to one server, in small pools."""

from __future__ import annotations

import itertools
import ssl
import threading
from functools import cache
from urllib.request import getproxies

import httpx2

POOLS = 16
LIMITS = httpx2.Limits(max_connections=4, max_keepalive_connections=4, keepalive_expiry=30.0)
"""Of each pool."""


@cache
def trusted_by_default() -> ssl.SSLContext:
    """The context for servers without a CA of their own; reading the CA store takes 40 ms, so it is read once."""
    return httpx2.create_ssl_context()


class Pools(httpx2.BaseTransport):
    """Sends the requests of one thread through one of `POOLS` pools. For each request, a pool asks the system about
    every connection that it has: with 64 of them in one pool that took longer than the requests."""

    def __init__(self, verify: ssl.SSLContext) -> None:
        self._pools = [httpx2.HTTPTransport(verify=verify, limits=LIMITS) for _ in range(POOLS)]
        self._next = itertools.count()
        self._mine = threading.local()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it."""
        if not hasattr(self._mine, "pool"):
            self._mine.pool = self._pools[next(self._next) % POOLS]
        pool: httpx2.HTTPTransport = self._mine.pool
        return pool.handle_request(request)

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            pool.close()


def transport(verify: ssl.SSLContext) -> Pools | None:
    """One for many threads; None where the environment names a proxy, which the client itself must then heed."""
    return None if any(scheme != "no" for scheme in getproxies()) else Pools(verify)
