"""Traffic that stops in the middle is not held against the candidate."""

from __future__ import annotations

from pathlib import Path

from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import LONG, Service, traffic_at


def test_traffic_that_stops_in_the_middle_quarantines_nobody(service: Service, load: StartLoad, tmp_path: Path) -> None:
    service.released("v1")
    analysis = {"tick": "1s", "dwell": "1s", "horizon": "8s"}
    steps = {"kind": "canary", "steps": [{"weight": 25, "bake": "3s"}, *LONG["steps"][1:]]}
    with load(rate=60) as traffic:
        service.configure("v2", steps, analysis=analysis)
        process = service.stage.start_up(tmp_path / "log")
        traffic_at(traffic, "v2", 10)
        traffic.stop()
    assert process.wait(120) != 0
    assert service.serving() == "v1"
    assert service.head().quarantined == {}
    assert "retry.reason" not in service.stage.preview().output
