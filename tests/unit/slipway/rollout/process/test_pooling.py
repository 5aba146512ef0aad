"""One pool of connections a server."""

from __future__ import annotations

import threading

import httpx2
import pytest

from slipway.rollout.process import pooling


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)


def test_the_ca_store_is_read_once() -> None:
    assert pooling.trusted_by_default() is pooling.trusted_by_default()


def test_a_proxy_of_the_environment_is_left_to_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    context = pooling.trusted_by_default()
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert pooling.transport(context) is not None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert pooling.transport(context) is None


def test_the_requests_of_one_thread_take_one_pool_and_those_of_others_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[httpx2.HTTPTransport] = []

    def send(self: httpx2.HTTPTransport, request: httpx2.Request) -> httpx2.Response:
        used.append(self)
        return httpx2.Response(200)

    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", send)
    client = httpx2.Client(transport=pooling.Pools(pooling.trusted_by_default()))
    for _ in range(2):
        client.get("http://a.example")
    for _ in range(pooling.POOLS):
        thread = threading.Thread(target=client.get, args=("http://a.example",))
        thread.start()
        thread.join()
    assert used[0] is used[1]
    assert len({id(one) for one in used}) == pooling.POOLS
    client.close()
