"""One pool of connections a server."""

from __future__ import annotations

import pytest

from rollout import pooling


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
