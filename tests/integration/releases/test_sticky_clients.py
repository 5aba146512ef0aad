"""Clients that stick to one side, by the cookie of a real route, and a guardrail that counts clients, not requests."""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.sample.load import Load, LoadOptions
from sandbox.sample.records import Counts
from sandbox.stage import manifests
from sandbox.stage.project import Result
from slipway.release.records.journal import Attempt, Outcome
from tests.integration.releases.conftest import QUARREL
from tests.integration.releases.service import Service, traffic_at, until

STEPS = {"kind": "canary", "steps": [{"weight": weight, "bake": "5s"} for weight in (10, 50, 100)]}
COMMON = {"name": "clients", "kind": "client-failures", "tolerate": 1.5, "negligible": "10%"}
SCRAPED = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
Start = Callable[[], AbstractContextManager[Load]]


LONG = {"kind": "canary", "steps": [{"weight": 10, "bake": "40s"}, {"weight": 100, "bake": "5s"}]}


@pytest.fixture
def crowd(tmp_path: Path, variables: Mapping[str, str], service: Service) -> Start:
    """2,000 clients with a cookie jar each, of whom a few send most of 300 requests a second."""
    numbers = itertools.count()

    def start() -> Load:
        options = LoadOptions(
            duration=300.0,
            netns=Path(variables["SLIPWAY_NETNS"]),
            clients=2000,
            client_header="x-client",
            client_skew=1.0,
            keep_cookies=True,
        )
        out = tmp_path / f"crowd{next(numbers)}.jsonl"
        return Load(variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], service.host, 300.0, out, options)

    return start


def guardrail(service: Service, source: str) -> dict[str, Any]:
    if source == "access-log":
        return {**COMMON, "source": source, "key": {"field": "client"}}
    own = f'namespace="{service.stage.namespace}",revision="{{revision}}"'
    return {
        **COMMON,
        "source": source,
        "seen": f"slipway_clients_seen{{{own}}}",
        "failed": f"slipway_clients_failed{{{own}}}",
    }


def changes(service: Service, source: str) -> dict[str, Any]:
    return {
        "guardrails": [guardrail(service, source)],
        "route": {**manifests.route(service.host), "affinity": {"cookie": "side"}},
        "workload": manifests.workload(replicas=2, annotations=SCRAPED),
    }


def last(service: Service) -> Attempt:
    attempt = service.head().attempt
    assert attempt is not None
    return attempt


def journal_text(service: Service) -> str:
    records = service.world.journal.records(last(service).id)
    assert records
    return json.dumps(records)


def released_after_quarrel_1(service: Service, crowd: Start, source: str, version: str) -> tuple[Result, Counts]:
    """How the release of this version ended under the crowd's traffic, and what the crowd saw of it."""
    own = changes(service, source)
    service.released("quarrel-1", STEPS, **own)
    with crowd() as load:
        traffic_at(load, "quarrel-1", 1500)
        return service.release(version, STEPS, **own), load.snapshot()


@pytest.mark.parametrize("source", ["access-log", "bitmap"])
def test_one_client_with_a_quarter_of_all_errors_on_either_side_stops_no_healthy_release(
    service: Service, crowd: Start, source: str
) -> None:
    result, counts = released_after_quarrel_1(service, crowd, source, "quarrel-2")
    assert result.code == 0, result.output
    assert service.serving() == "quarrel-2"
    loud = sum(failure.client == QUARREL.sticky_client_fault for failure in counts.failures)
    assert 0.15 < loud / len(counts.failures) < 0.4, f"{loud} of {len(counts.failures)} errors"
    steps = last(service).steps
    assert [step.verdict for step in steps] == ["PASS"] * 3
    assert all("clients failed" in step.reason for step in steps)
    assert "client-50" not in journal_text(service)


@pytest.mark.parametrize("source", ["access-log", "bitmap"])
def test_a_candidate_that_fails_a_share_of_its_clients_is_aborted_and_the_reason_names_clients(
    service: Service, crowd: Start, source: str
) -> None:
    result, _ = released_after_quarrel_1(service, crowd, source, "broken-clients")
    assert result.code != 0, result.output
    assert service.serving() == "quarrel-1"
    attempt = last(service)
    assert attempt.outcome is Outcome.ABORTED
    assert "clients failed" in attempt.reason, attempt.reason
    assert "client-" not in journal_text(service).replace("client-failures", "")
    assert (
        "clients failed" in service.stage.slipway("status", "checkout", "--namespace", service.stage.namespace).output
    )


def drawn_cookie(service: Service) -> str:
    """The cookie of those who drew the first interval of the rollout in flight; empty before there is one."""
    route = json.loads(service.kubectl("get", "httproute", "checkout", "--output", "json"))
    found = re.search(r"(side-[0-9a-f]+)=0;", json.dumps(route["spec"]["rules"][-1]))
    return f"{found[1]}=0" if found else ""


def request_counts(log: Path, service: Service, attempt: Attempt) -> str:
    """The same requests as the gateway logged them, a second a row, as `slipway analyze --counts` reads them."""
    rows: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line in log.read_text().splitlines():
        if service.stage.namespace not in line:
            continue
        record = json.loads(line)
        at = int(datetime.fromisoformat(record["start_time"]).timestamp() - attempt.steps[0].began)
        side = 0 if attempt.candidate.entry in record["upstream_cluster"] else 2
        if 0 <= at < attempt.steps[0].ended - attempt.steps[0].began:  # type: ignore[operator]
            rows[at][side] += 1
            rows[at][side + 1] += record["response_code"] >= 500
    lines = [",".join(map(str, (at + 1, *counts))) for at, counts in sorted(rows.items())]
    return "\n".join(["time,candidate_total,candidate_bad,baseline_total,baseline_bad", *lines])


def test_a_loud_client_on_the_candidate_stops_a_healthy_release_only_where_requests_are_counted(
    service: Service, crowd: Start, tmp_path: Path, variables: Mapping[str, str]
) -> None:
    """It draws the candidate in one release of ten; here it is made to."""
    own = changes(service, "access-log")
    own["guardrails"][0]["tolerate"] = 1.1
    service.released("loud-1", LONG, **own)
    service.configure("loud-2", LONG, **own)

    def loud(*headers: str) -> Load:
        options = LoadOptions(
            duration=300.0, netns=Path(variables["SLIPWAY_NETNS"]), headers=["x-client: loud", *headers]
        )
        return Load(variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], service.host, 0.8, tmp_path / "loud.jsonl", options)

    with crowd() as load:
        traffic_at(load, "loud-1", 1500)
        update = service.stage.start_up(tmp_path / "up.log")
        until(lambda: drawn_cookie(service) != "", "the draw of the rollout")
        with loud(f"cookie: {drawn_cookie(service)}"):
            code = update.wait(120)
    assert code == 0, (tmp_path / "up.log").read_text()
    attempt = last(service)
    assert attempt.steps[0].verdict == "PASS", attempt.steps[0].reason
    recording = tmp_path / "requests.csv"
    recording.write_text(request_counts(Path(variables["SLIPWAY_ACCESS_LOG"]), service, attempt))
    options = ["--weights", "10", "--tolerate", "1.1", "--negligible", "10%", "--json"]
    replayed = service.stage.slipway("analyze", "--counts", str(recording), *options)
    assert json.loads(replayed.output)["verdict"] == "FAIL", replayed.output
