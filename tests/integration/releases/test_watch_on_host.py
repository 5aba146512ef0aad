"""`slipway watch` on a host, for stacks whose rollouts run in no Job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import httpx2

from sandbox.chaos.faults import READS, WRITES, Fault, Kind
from sandbox.chaos.proxy import ApiProxy
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.project import interrupt, kill
from slipway.rollout.watching.document import WatchDocument, read_document
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import EASY, NAME, QUICK, Service, failures, says, until
from tests.integration.releases.test_sticky import STICKY, rounds, visiting
from tests.integration.releases.test_sticky_clients import guardrail

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


def test_a_breach_while_the_api_server_does_not_answer_is_acted_on_once_it_does(
    service: Service, load: StartLoad, proxy: ApiProxy, tmp_path: Path
) -> None:
    service.released("v1", QUICK)
    with load(rate=200.0) as traffic:
        service.released("late-60", QUICK, standby="v1", watch=WATCH, **EASY)
        log = tmp_path / "watch.log"
        process = service.stage.start_slipway(log, "watch", NAME, "--namespace", service.stage.namespace)
        until(lambda: says(log, "is watched for"), "the watch")
        away = proxy.faults.inject(Fault(Kind.STALLED, (*READS, *WRITES), times=None, seconds=5.0))
        traffic.await_counts(lambda seen: seen.failed("late-60") > 20 * 8, 120, "8 s of failures")
        assert service.serving() == "late-60", "nothing can be moved meanwhile"
        assert process.poll() is None, log.read_text()
        away.end()
        assert process.wait(120) == 1, log.read_text()
        assert service.serving() == "v1"
    assert away.hits
    assert says(log, "BREACH")
    attempt = service.head().attempt
    assert attempt is not None
    assert attempt.by == "watch"


def test_clients_that_are_held_back_stay_on_the_standby_until_the_watch_has_ended(
    service: Service, load: StartLoad, variables: Mapping[str, str]
) -> None:
    route = {**manifests.route(service.host), **STICKY}
    watch = {"for": "60s", "holdback": "20%", "guardrails": ["errors"]}
    service.released("v1", QUICK, route=route, **EASY)
    with load(rate=200.0) as traffic, visiting(variables["SLIPWAY_GATEWAY_URL"], service.host) as visitors:
        service.released("v2", QUICK, route=route, standby="v1", watch=watch, **EASY)
        rounds(visitors)
        for visitor in visitors:
            visitor.seen.clear()
        rounds(visitors)
        held = [visitor for visitor in visitors if visitor.seen[0] == "v1"]
        done = service.stage.slipway("watch", NAME, "--namespace", service.stage.namespace)
        rounds(visitors)
        assert failures(traffic) == []
    assert done.code == 0, done.output
    assert 0 < len(held) < len(visitors) / 2
    assert [visitor.way for visitor in held] == [["v1", "v2"]] * len(held)
    assert {tuple(visitor.way) for visitor in visitors if visitor not in held} == {("v2",)}
    assert service.serving() == "v2"
    answer = httpx2.get(variables["SLIPWAY_GATEWAY_URL"], headers={"Host": service.host})
    assert "set-cookie" not in answer.headers


def kept(service: Service) -> WatchDocument:
    """What the watch has written down last."""
    place = service.world.watch
    assert place is not None
    document = read_document(place.document.read())
    assert document is not None
    return document


def clients_counted(document: WatchDocument) -> int:
    """Of both sides, each at its first request."""
    candidate, _, baseline, *_ = (document.state or {})["seen"].get("clients", [0, 0, 0])
    return int(candidate + baseline)


def test_clients_that_were_counted_before_the_watcher_was_killed_are_not_counted_again(
    service: Service, variables: Mapping[str, str], tmp_path: Path
) -> None:
    route = {**manifests.route(service.host), **STICKY}
    watch = {"for": "20m", "holdback": "20%", "guardrails": [guardrail(service, "access-log")]}
    netns = Path(variables["SLIPWAY_NETNS"])
    options = LoadOptions(duration=600.0, netns=netns, clients=300, client_header="x-client", keep_cookies=True)
    command = ("watch", NAME, "--namespace", service.stage.namespace)
    service.released("v1", QUICK, route=route, **EASY)
    gateway = variables["SLIPWAY_GATEWAY_LOOPBACK_URL"]
    with Load(gateway, service.host, 300.0, tmp_path / "crowd.jsonl", options):
        service.released("v2", QUICK, route=route, standby="v1", watch=watch, **EASY)
        first = service.stage.start_slipway(tmp_path / "first.log", *command)
        until(lambda: clients_counted(kept(service)) >= 300, "every client", 120)
        settled = kept(service).counted + 10.0
        until(lambda: kept(service).counted > settled, "the next looks", 60)
        kill(first)
        before = kept(service)
        second = service.stage.start_slipway(tmp_path / "second.log", *command)
        until(lambda: kept(service).by != before.by, "the next process", 120)
        until(lambda: kept(service).counted > before.counted + 30.0, "its looks", 120)
        after = kept(service)
        interrupt(second)
    assert clients_counted(after) - clients_counted(before) < 30, "all 300 were seen again"
    assert "begins anew" not in (tmp_path / "second.log").read_text()
