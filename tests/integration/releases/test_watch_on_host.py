"""`slipway watch` on a host, for stacks whose rollouts run in no Job."""

from __future__ import annotations

import json

from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import EASY, NAME, QUICK, Service

WATCH = {"for": "10m", "guardrails": [{"name": "slo", "kind": "slo", "objective": "1%"}]}


def test_a_breach_takes_the_traffic_back_and_ends_the_command(service: Service, load: StartLoad) -> None:
    service.released("v1", QUICK)
    with load(rate=200.0):
        service.released("late-40", QUICK, standby="v1", watch=WATCH, **EASY)
        done = service.stage.slipway("watch", NAME, "--namespace", service.stage.namespace)
    assert done.code == 1, done.output
    assert "BREACH" in done.output
    assert service.serving() == "v1"
    status = service.stage.slipway("status", NAME, "--namespace", service.stage.namespace, "--json")
    assert json.loads(status.output)["services"][0]["watch"]["phase"] == "rolled-back"
