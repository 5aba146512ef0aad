"""A first release is judged by readiness where no metric judges it: metrics that are away do not end it."""

from __future__ import annotations

from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import QUICK, Service, failures


def test_metrics_that_are_away_do_not_end_a_first_release_that_they_do_not_judge(
    service: Service, load: StartLoad
) -> None:
    analysis = {"tick": "1s", "dwell": "1s", "horizon": "60s", "errorGrace": "3s"}
    steps = {"kind": "canary", "steps": [*QUICK["steps"][:2], {"weight": 100, "bake": "8s"}]}
    service.configure("v1", steps, analysis=analysis)
    config = service.stage.config_file
    config.write_text(config.read_text().replace(":9090", ":9"))
    result = service.stage.up()
    assert result.code == 0, result.output
    assert service.serving() == "v1"
    with load(rate=50) as traffic:
        traffic.await_counts(lambda seen: seen.count("v1") > 50, 20, "no answers of v1")
        assert failures(traffic) == []
