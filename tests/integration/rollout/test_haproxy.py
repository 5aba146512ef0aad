"""The profile of HAProxy on a real one, scraped by a real Prometheus."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from sandbox import toolchain
from sandbox.ports import free_address
from sandbox.progress import SilentReporter
from sandbox.toolchain.debian import unpack
from slipway.release.data_planes import DATA_PLANES
from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.integration.rollout.own_haproxy import PACKAGES, OwnHaproxy
from tests.integration.rollout.own_prometheus import OwnPrometheus
from tests.integration.rollout.stage import eventually
from tests.loopback import Handler, LoopbackServer
from tests.unit.slipway.rollout.examples import backend

NEW, OLD = backend("new"), backend("old")
ERRORS = ErrorRatio(name="errors", kind="error-ratio")


class Good(Handler):
    def respond(self) -> None:
        self.answer(200, b"ok")


class Bad(Handler):
    def respond(self) -> None:
        self.answer(500, b"no")


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[OwnHaproxy]:
    """Four servers in turn: two of the old version, and of the new one a pod that fails and one that is not there."""
    if not shutil.which("apt-get"):
        pytest.skip("Debian's package is needed")
    root = unpack(toolchain.store(), SilentReporter(), "debian-haproxy", PACKAGES)
    good, bad = LoopbackServer(Good), LoopbackServer(Bad)
    servers = {
        f"{OLD.entry}-6f7d9c-a": good.address,
        f"{NEW.entry}-5d8c7b-a": bad.address,
        f"{OLD.entry}-6f7d9c-b": good.address,
        f"{NEW.entry}-5d8c7b-b": free_address(),
    }
    with OwnHaproxy(tmp_path, root, "shop_checkout_http", servers) as proxy:
        yield proxy
    good.close()
    bad.close()


def test_both_versions_are_told_apart_and_what_is_not_counted_is_known(haproxy: OwnHaproxy, tmp_path: Path) -> None:
    binary = toolchain.ensure(SilentReporter()).daemon("prometheus")
    with OwnPrometheus(binary, tmp_path, [haproxy], []) as server:
        source = PrometheusSource(Prometheus(server.url), "shop", "haproxy")
        eventually(lambda: requests(source), lambda seen: seen == (0, 0))
        assert "finds no request of" in (source.unseen(OLD) or "")
        codes = [httpx2.get(haproxy.url, timeout=5.0).status_code for _ in range(40)]
        assert sorted(codes) == [200] * 20 + [500] * 10 + [503] * 10
        eventually(lambda: requests(source), lambda seen: seen == (10, 20))
        seen = source.snapshot([ERRORS], NEW, OLD)
        (new,), (old,) = (
            side.values() for side in (seen.readings["errors"].candidate, seen.readings["errors"].baseline)
        )
        assert (new.total, new.bad) == (10, 10), "the ten that were refused are in no server's count"
        assert not DATA_PLANES["haproxy"].sees_no_answer, "so the share of the candidate is judged"
        assert (old.total, old.bad) == (20, 0)
        assert source.in_flight(OLD) == 0
        assert source.unseen(OLD) is None


def requests(source: PrometheusSource) -> tuple[float, float]:
    try:
        seen = source.requests((NEW, OLD))
    except ClusterError:
        return -1.0, -1.0
    return seen[NEW.revision], seen[OLD.revision]
