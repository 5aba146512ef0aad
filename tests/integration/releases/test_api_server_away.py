"""An API server that is away, or answers badly, for a while: no failure of a release, and no lie about why it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.chaos import outages
from sandbox.chaos.faults import READS, WRITES, Fault, Kind
from sandbox.chaos.proxy import ApiProxy
from slipway.release.records.journal import Outcome
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import EASY, LONG, QUICK, Service, failures, says, traffic_at, until

pytestmark = pytest.mark.alone

JOURNAL, LEASE, ROUTE = "/configmaps", "/leases", "/httproutes"
HEAD = r"/configmaps/slipway-checkout(\?|$)"
SECONDS = {Kind.NO_ANSWER: 8.0}


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


def test_an_api_server_that_stays_away_ends_the_rollout_and_is_named(
    service: Service, load: StartLoad, proxy: ApiProxy, tmp_path: Path
) -> None:
    service.released("v1", **EASY)
    analysis = {"tick": "1s", "dwell": "1s", "horizon": "180s", "errorGrace": "5s"}
    with load(rate=100) as traffic:
        service.configure("v2", LONG, analysis=analysis, **EASY)
        process = service.stage.start_up(tmp_path / "log")
        traffic_at(traffic, "v2")
        away = proxy.faults.inject(Fault(Kind.RESET, (*READS, *WRITES), times=None))
        asked = traffic.snapshot().sent
        traffic.await_counts(lambda seen: seen.sent - asked > 100 * 22, 60, "22 s of traffic")
        away.end()
        assert process.wait(120) != 0
        until(lambda: service.serving() == "v1", "the traffic is back")
        assert failures(traffic) == []
    until(lambda: not service.head().unfinished, "the journal is settled")
    assert not says(tmp_path / "log", "error:", "interrupted")
    assert says(tmp_path / "log", "error:", "API server")
    assert service.head().quarantined == {}


def test_writes_that_go_wrong_in_every_way_are_made_again(
    service: Service, load: StartLoad, proxy: ApiProxy, tmp_path: Path
) -> None:
    """The first writes of the Lease, of the journal and of the route: each meets all that there is, one after the
    other."""
    service.released("v1", **EASY)
    with load(rate=200) as traffic:
        met = [
            proxy.faults.inject(Fault(kind, ("PUT", "PATCH", "POST"), path, seconds=SECONDS.get(kind, 1.0)))
            for path in (JOURNAL, ROUTE, LEASE)
            for kind in Kind
        ]
        result = service.release("v2", QUICK, **EASY)
        assert result.code == 0, result.output
        assert [len(one.hits) for one in met] == [1] * len(met)
        assert service.serving() == "v2"
        assert failures(traffic) == []
    attempt = service.head().attempt
    assert attempt is not None
    assert (attempt.outcome, len(attempt.steps)) == (Outcome.COMMITTED, 3)


def test_the_answer_to_the_commit_may_be_lost(service: Service, load: StartLoad, proxy: ApiProxy) -> None:
    service.released("v1", **EASY)
    steps = {"kind": "canary", "steps": [{"weight": 50, "bake": "1s"}, {"weight": 100, "bake": "2s"}]}
    with load(rate=200) as traffic:
        service.configure("v2", steps, **EASY)
        process = service.stage.start_up(service.stage.folder / "log")
        until(lambda: service.serving() == "v2", "100%")
        lost = proxy.faults.inject(Fault(Kind.LOST_ANSWER, ("PUT",), HEAD, 3))
        assert process.wait(120) == 0, (service.stage.folder / "log").read_text()
        assert lost.hits
        assert service.serving() == "v2"
        assert failures(traffic) == []
    serving = service.head().serving
    assert serving is not None
    assert serving.backend.version == "v2"


def test_an_operators_abort_is_obeyed_although_its_acknowledgement_fails(
    service: Service, load: StartLoad, proxy: ApiProxy, tmp_path: Path
) -> None:
    service.released("v1", **EASY)
    with load(rate=100) as traffic:
        service.configure("v2", LONG, **EASY)
        process = service.stage.start_up(tmp_path / "log")
        traffic_at(traffic, "v2")
        lost = [proxy.faults.inject(Fault(kind, ("PUT",), HEAD)) for kind in (Kind.LOST_ANSWER, Kind.TOO_MANY)]
        told = service.stage.slipway("abort", "checkout", "--namespace", service.stage.namespace)
        assert told.code == 0, told.output
        assert process.wait(60) != 0
        assert all(one.hits for one in lost)
        assert service.serving() == "v1"
        assert failures(traffic) == []
    attempt = service.head().attempt
    assert attempt is not None
    assert attempt.outcome is Outcome.ABORTED
