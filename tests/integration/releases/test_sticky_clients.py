"""Clients that stick to one side, by the cookie of a real route, and a guardrail that counts clients, not requests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from rollout.journal import Attempt, Outcome
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from tests.integration.releases.conftest import QUARREL
from tests.integration.releases.service import Service, traffic_at

STEPS = {"kind": "canary", "steps": [{"weight": weight, "bake": "5s"} for weight in (10, 50, 100)]}
COMMON = {"name": "clients", "kind": "client-failures", "tolerate": 1.5, "negligible": "10%"}
SCRAPED = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
Start = Callable[[], AbstractContextManager[Load]]


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


@pytest.mark.parametrize("source", ["access-log", "bitmap"])
def test_one_client_with_a_quarter_of_all_errors_on_either_side_stops_no_healthy_release(
    service: Service, crowd: Start, source: str
) -> None:
    own = changes(service, source)
    service.released("quarrel-1", STEPS, **own)
    with crowd() as load:
        traffic_at(load, "quarrel-1", 1500)
        result = service.release("quarrel-2", STEPS, **own)
        counts = load.snapshot()
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
    own = changes(service, source)
    service.released("quarrel-1", STEPS, **own)
    with crowd() as load:
        traffic_at(load, "quarrel-1", 1500)
        result = service.release("broken-clients", STEPS, **own)
    assert result.code != 0, result.output
    assert service.serving() == "quarrel-1"
    attempt = last(service)
    assert attempt.outcome is Outcome.ABORTED
    assert "clients failed" in attempt.reason, attempt.reason
    assert "client-" not in journal_text(service).replace("client-failures", "")
    assert (
        "clients failed" in service.stage.slipway("status", "checkout", "--namespace", service.stage.namespace).output
    )
