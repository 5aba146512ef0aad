"""While the gateway's controller is away the data plane keeps what it had: nothing is deleted under it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sandbox.chaos import outages
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import EASY, LONG, QUICK, Service, failures, traffic_at, until

pytestmark = pytest.mark.alone

AWAY = 8.0
"""Seconds that the gateway's controller is away. The data plane finds it again up to some 20 s after its return."""


def test_a_return_while_the_gateways_controller_restarts_loses_nothing(service: Service, load: StartLoad) -> None:
    service.released("v1", **EASY)
    with load(rate=100) as traffic:
        service.released("v2", QUICK, **EASY)
        service.back_to("v1")
        outages.kill(outages.CONTOUR)
        back = threading.Timer(AWAY, outages.start)
        back.start()
        try:
            result = service.stage.up()
        finally:
            back.join()
        serving, old = ("v1", 1) if result.code == 0 else (service.serving(), 2)
        assert service.serving() == serving
        until(lambda: len(service.deployments()) == old, "deleted exactly when it is safe")
        traffic.await_counts(lambda seen: seen.count("v1") > 200, 60, "the way back was never in force")
        assert failures(traffic) == []


def test_what_was_aborted_is_deleted_only_once_the_data_plane_sends_nothing_there(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    service.released("v1", **EASY)
    with load(rate=100) as traffic:
        service.configure("v2", LONG, **EASY)
        process = service.stage.start_up(tmp_path / "log")
        traffic_at(traffic, "v2", 40)
        with outages.killed(outages.CONTOUR):
            assert service.stage.slipway("abort", "checkout", "--namespace", service.stage.namespace).code == 0
            until(lambda: service.serving() == "v1", "the way back is written")
        assert process.wait(120) != 0
        service.back_to("v1")
        result = service.stage.up()
        assert result.code == 0, result.output
        until(lambda: len(service.deployments()) == 1, "the candidate is gone")
        assert failures(traffic) == [], (tmp_path / "log").read_text() + result.output
