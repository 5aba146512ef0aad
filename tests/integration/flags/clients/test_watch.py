"""A watch after 100% whose breach kills a flag of the stack."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, late_errors, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage.shop import FLAG, Shop
from tests.integration.releases.service import EASY, NAME, QUICK, Service

SLO = {"name": "slo", "kind": "slo", "objective": "1%"}
LATE = "late-60"


@pytest.fixture
def service(shop: Shop, variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service in the stack and the namespace of the flag."""
    monkeypatch.setenv("SLIPWAY_KUBECONFIG", variables["KUBECONFIG"])
    images = publish(
        variables["SLIPWAY_REGISTRY"], binaries().sample, {"v1": VERSIONS["v1"], LATE: late_errors(60.0, 0.2)}
    )
    return Service(shop.stage, images, f"watched-{shop.running.placement.hostname}")


def test_a_breach_kills_the_declared_flag_for_every_client(
    shop: Shop, service: Service, variables: Mapping[str, str], tmp_path: Path
) -> None:
    pods, began = shop.running.pods(), time.monotonic()
    shop.expose(100)
    shop.running.await_effect(pods, "on", began)
    service.released("v1", QUICK)
    options = LoadOptions(duration=300.0, netns=Path(variables["SLIPWAY_NETNS"]))
    gateway = variables["SLIPWAY_GATEWAY_LOOPBACK_URL"]
    with (
        shop.load(tmp_path / "users.jsonl") as users,
        Load(gateway, service.host, 200.0, tmp_path / "load.jsonl", options),
    ):
        watch = {"for": "10m", "guardrails": [SLO], "onBreach": {"kill": [FLAG]}}
        service.released(LATE, QUICK, standby="v1", watch=watch, **EASY)
        users.await_counts(lambda seen: seen.count("on") > 50, 30, "requests that get the feature")
        done = shop.slipway("watch", NAME)
        assert done.code == 1, done.output
        off = shop.running.await_effect(pods, "off", began)
        sent = users.snapshot().sent
        counts = users.await_counts(lambda seen: seen.sent - sent > 100, 30, "requests after the kill")
    assert f"{FLAG} is killed" in done.output
    assert service.serving() == "v1"
    last = counts.last_response("on")
    assert last is not None
    assert last <= off + 0.5
    assert counts.failures == ()
    killed = shop.writer.load().killed(FLAG)
    assert killed is not None
    assert killed.by == "watch"
