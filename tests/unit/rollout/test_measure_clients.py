"""Clients from a real log on their way into a decision and into the journal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from release.manifest.guardrails import Guardrail
from release.rollout_inputs import AccessLog, Backend
from rollout.analysis import Counts, GuardrailCounts, Tick, Verdict, observe
from rollout.measure import Measure
from rollout.metrics.base import Snapshot
from rollout.metrics.client_sources import ClientSources
from rollout.metrics.draft import Draft
from rollout.metrics.memory import MemorySource
from rollout.metrics.prometheus_api import Prometheus
from tests.unit.rollout.examples import backend, wanted

OLD, NEW = backend("aaaaaaaa"), backend("bbbbbbbb")
CLIENTS = {"name": "clients", "kind": "client-failures", "source": "access-log", "key": {"field": "client"}}


def with_clients(tmp_path: Path) -> tuple[Measure, Path, MemorySource]:
    """A source that reads a real log beside the counters that are fed."""
    path = tmp_path / "access.jsonl"
    path.write_text("")
    source = MemorySource()
    log = AccessLog(path=str(path))
    clients = ClientSources(Prometheus("http://nowhere.example"), "shop", log)
    asked = source.snapshot

    def snapshot(guardrails: Sequence[Guardrail], candidate: Backend, baseline: Backend | None) -> Snapshot:
        draft = Draft()
        clients.read(guardrails[0], candidate, baseline, draft)  # type: ignore[arg-type]
        return replace(asked(guardrails, candidate, baseline), readings=draft.readings, errors=draft.errors)

    source.snapshot = snapshot  # type: ignore[method-assign]
    return Measure(source, wanted(guardrails=[CLIENTS]), OLD, now=0.0), path, source


def tick_of(record: Mapping[str, Any]) -> Tick:
    """A tick as the journal holds it."""
    seen = {
        name: GuardrailCounts(
            Counts(**found["candidate"]),
            Counts(**found["baseline"]),
            first_failures=tuple((key, side) for key, side in found["first_failures"]),
            alive=found["alive"],
        )
        for name, found in record["counts"].items()
    }
    return Tick(record["at"], record["inStep"], record["length"], record["weight"], seen, record["errors"])


def request(path: Path, revision: str, client: str, status: int = 200) -> None:
    with path.open("a") as file:
        cluster = f"shop_checkout-{revision}_8080"
        file.write(json.dumps({"upstream_cluster": cluster, "response_code": status, "client": client}) + "\n")


def test_clients_that_fail_on_the_candidate_alone_fail_it_and_the_journal_decides_the_same_again(
    tmp_path: Path,
) -> None:
    measure, path, source = with_clients(tmp_path)
    records = []
    for at in range(1, 12):
        source.at = float(at)
        for number in range(4):
            request(path, OLD.revision, f"old-{at}-{number}")
            request(path, NEW.revision, f"ann-{at}-{number}", 500)
        record = measure.look(float(at), 25.0)
        if record is not None:
            records.append(record)
        if measure.decision is not None and measure.decision.verdict is Verdict.FAIL:
            break
    assert measure.decision is not None
    assert measure.decision.verdict is Verdict.FAIL
    assert "clients failed" in measure.decision.reason
    assert "ann" not in json.dumps(records)
    assert (measure.totals.counted, measure.totals.candidate_bad > 0) == ("clients", True)
    again = Measure(source, wanted(guardrails=[CLIENTS]), OLD, now=0.0).evidence
    for record in json.loads(json.dumps(records)):
        again, _ = observe(again, tick_of(record))
    assert again.states == measure.evidence.states


def test_a_log_that_is_gone_is_an_error_of_the_source_and_no_silence(tmp_path: Path) -> None:
    measure, path, source = with_clients(tmp_path)
    path.unlink()
    source.at = 1.0
    measure.look(1.0, 25.0)
    assert measure.error is not None
    assert "cannot be read" in measure.error
    assert measure.failing == ("clients",)


def test_requests_without_a_key_are_in_the_journal_as_a_share(tmp_path: Path) -> None:
    measure, path, source = with_clients(tmp_path)
    record = None
    for at in range(1, 5):
        source.at = float(at)
        for client in ("ann", "bob", "eve", ""):
            request(path, OLD.revision, client)
        record = measure.look(float(at), 25.0)
    assert record is not None
    assert record["notes"] == {"clients": "25% of the requests carry no key and count for nobody"}


def test_a_log_without_a_word_of_requests_that_the_gateway_counted_is_an_error(tmp_path: Path) -> None:
    measure, _, source = with_clients(tmp_path)
    errors = []
    for at in range(1, 34):
        source.at = float(at)
        source.feed(NEW.revision, 50)
        source.feed(OLD.revision, 150)
        measure.look(float(at), 25.0)
        errors.append(measure.error)
    assert set(errors[:28]) == {None}
    assert errors[-1] is not None
    assert "requests of the candidate in this step, but the source shows no client" in errors[-1]
    assert measure.failing == ("clients",)
    measure.next_step(34.0)
    source.at = 34.0
    measure.look(34.0, 50.0)
    assert measure.error is None
