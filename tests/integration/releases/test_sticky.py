"""Clients that keep their cookies through whole releases: each moves once or never, and nothing sticky remains."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from sandbox.stage import manifests
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import Service, failures, until

CLIENTS = 40
STICKY = {"affinity": {"cookie": "side"}}


@dataclass
class Visitor:
    """A client with a cookie jar, and which version (or status) answered it, in order."""

    http: httpx2.Client
    seen: list[str] = field(default_factory=list)

    def visit(self) -> None:
        answer = self.http.get("/")
        self.seen.append(answer.headers["x-sample-version"] if answer.status_code == 200 else str(answer.status_code))

    @property
    def way(self) -> list[str]:
        """The versions without repetition."""
        return [version for version, _ in itertools.groupby(self.seen)]


@contextmanager
def visiting(url: str, host: str) -> Iterator[list[Visitor]]:
    transport = httpx2.HTTPTransport()
    visitors = [
        Visitor(httpx2.Client(base_url=url, headers={"Host": host}, transport=transport, timeout=5.0))
        for _ in range(CLIENTS)
    ]
    ended = threading.Event()

    def go() -> None:
        while not ended.is_set():
            for visitor in visitors:
                visitor.visit()

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield visitors
    finally:
        ended.set()
        thread.join()
        transport.close()


def rounds(visitors: list[Visitor]) -> None:
    """Everybody comes twice more."""
    reached = len(visitors[-1].seen) + 2
    until(lambda: len(visitors[-1].seen) >= reached, "everybody came again")


def test_in_a_sticky_canary_a_client_moves_once_and_afterwards_nothing_keeps_it(
    service: Service, load: StartLoad, variables: Mapping[str, str]
) -> None:
    route = {**manifests.route(service.host), **STICKY}
    service.released("v1", route=route)
    with load(rate=200) as traffic, visiting(variables["SLIPWAY_GATEWAY_URL"], service.host) as visitors:
        result = service.released("v2", route=route)
        rounds(visitors)
        assert failures(traffic) == []
    assert [visitor.way for visitor in visitors] == [["v1", "v2"]] * CLIENTS
    assert "no error rate claimed for errors: clients stick to one side" in result.output
    cookies = [dict(visitor.http.cookies) for visitor in visitors]
    assert {len(jar) for jar in cookies} <= {0, 1}
    assert any(cookies)
    assert service.stage.preview("--expect-no-changes").code == 0
    answer = httpx2.get(variables["SLIPWAY_GATEWAY_URL"], headers={"Host": service.host})
    assert "set-cookie" not in answer.headers


def test_a_sticky_canary_that_is_bad_brings_every_client_back(
    service: Service, load: StartLoad, variables: Mapping[str, str]
) -> None:
    route = {**manifests.route(service.host), **STICKY}
    service.released("v1", route=route)
    with load(rate=200), visiting(variables["SLIPWAY_GATEWAY_URL"], service.host) as visitors:
        assert service.release("errors-100", route=route).code != 0
        rounds(visitors)
        for visitor in visitors:
            visitor.seen.clear()
        rounds(visitors)
    assert [visitor.way for visitor in visitors] == [["v1"]] * CLIENTS
    attempt = service.head().attempt
    assert attempt is not None
    assert attempt.caveat == "no error rate claimed for errors: clients stick to one side"
