"""An API server that is away for a while is no failure of a release."""

from __future__ import annotations

from pathlib import Path

from sandbox.chaos import outages
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import EASY, Service, failures, says, traffic_at


def test_an_api_server_that_is_away_for_less_than_the_grace_ends_nothing(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    service.released("v1", **EASY)
    strategy = {"kind": "canary", "steps": [{"weight": 25, "bake": "5s"}, {"weight": 100, "bake": "1s"}]}
    with load(rate=200) as traffic:
        service.configure("v2", strategy, **EASY)
        process = service.stage.start_up(tmp_path / "log")
        traffic_at(traffic, "v2")
        with outages.frozen(outages.API_SERVER):
            asked = traffic.snapshot().sent
            traffic.await_counts(lambda seen: seen.sent - asked > 200 * 16, 60, "16 s of traffic")
        assert process.wait(120) == 0, (tmp_path / "log").read_text()
        assert service.serving() == "v2"
        assert failures(traffic) == []
    assert not says(tmp_path / "log", "interrupted")
