"""Clients from a real log on their way into a decision and into the journal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipway.release.manifest.guardrails import Guardrail
from slipway.release.rollout_inputs import AccessLog, Backend
from slipway.rollout.analysis import Counts, Decision, GuardrailCounts, Tick, Verdict, observe
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.measurement.measure import Measure
from slipway.rollout.metrics.base import ClientEvents, Reading, Snapshot
from slipway.rollout.metrics.client_sources import ClientSources
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.memory import MemorySource
from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.unit.slipway.rollout.examples import backend, wanted

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

    def snapshot(
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
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
            judged=Sides(Counts(**found["judged"][0]), Counts(**found["judged"][1])),
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
    assert record["notes"] == {"clients": "25% of the requests carry no key and are not counted"}


def errors_where_one_side_is_logged(tmp_path: Path, logged: Backend, weight: float) -> tuple[Measure, list[str | None]]:
    """The error of each second, while the gateway counts requests of both sides."""
    measure, path, source = with_clients(tmp_path)
    errors = []
    for at in range(1, 34):
        source.at = float(at)
        source.feed(NEW.revision, 50)
        source.feed(OLD.revision, 150)
        request(path, logged.revision, f"client{at}")
        measure.look(float(at), weight)
        errors.append(measure.error)
    return measure, errors


@pytest.mark.parametrize(("logged", "missing"), [(OLD, "candidate"), (NEW, "baseline")])
def test_a_log_without_a_word_of_requests_of_a_side_that_the_gateway_counted_is_an_error(
    tmp_path: Path, logged: Backend, missing: str
) -> None:
    measure, errors = errors_where_one_side_is_logged(tmp_path, logged, 25.0)
    assert set(errors[:28]) == {None}
    assert errors[-1] is not None
    assert f"requests of the {missing} in this step, but the source shows no client of it" in errors[-1]
    assert measure.failing == ("clients",)
    measure.look(33.5, 25.0)  # The same scrape once more mends nothing, else no grace would ever be over.
    assert measure.error == errors[-1]
    measure.next_step(34.0)
    measure.look(34.0, 50.0)
    assert measure.error is None


def test_at_all_of_the_traffic_nobody_of_the_baseline_is_missed(tmp_path: Path) -> None:
    _, errors = errors_where_one_side_is_logged(tmp_path, NEW, 100.0)
    assert set(errors) == {None}


def test_what_was_logged_before_a_change_of_the_weight_counts_for_nothing_however_long_a_tick_is(
    tmp_path: Path,
) -> None:
    measure, path, source = with_clients(tmp_path)
    counted = []
    for at in (1.0, 11.0, 21.0, 31.0):
        source.at = at
        if at == 21.0:
            request(path, OLD.revision, "ann", 500)
            measure.next_step(at - 5.0)
        if at == 31.0:
            request(path, OLD.revision, "bob", 500)
        record = measure.look(at, 25.0)
        if record is not None:
            counted.append(len(record["counts"]["clients"]["first_failures"]))
    assert counted == [0, 0, 1]


class Crowd(MemorySource):
    """1,000 clients of whom each is answered once a second and fails now and then, on whichever side it is."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rng = np.random.default_rng(1)
        self.rate = rate
        self.draws = self.rng.random(1000)
        self.share = 0.0

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        on = self.draws < self.share
        sides = tuple(frozenset(str(n) for n in np.flatnonzero(side)) for side in (on, ~on))
        failing = np.flatnonzero(self.rng.random(1000) < self.rate)
        events = ClientEvents(Sides(*sides), tuple((str(n), bool(on[n])) for n in failing), alive=Sides(True, True))
        return Snapshot(self.at, {guardrails[0].name: Reading({}, {}, clients=events)}, {})


def ramp(rate: float, negligible: str) -> list[Decision]:
    """The last decision of each step, or those up to an abort; the last step is by far the longest."""
    source = Crowd(rate)
    measure = Measure(source, wanted(guardrails=[{**CLIENTS, "negligible": negligible}]), OLD, now=0.0)
    found: list[Decision] = []
    for seconds, share in ((20, 0.1), (20, 0.5), (600, 1.0)):
        measure.next_step(source.at)
        source.share = share
        for _ in range(seconds):
            source.at += 1.0
            measure.look(source.at, 100.0 * share)
            if measure.decision is not None and measure.decision.verdict is Verdict.FAIL:
                return [*found, measure.decision]
        assert measure.decision is not None
        found.append(measure.decision)
    return found


@pytest.mark.parametrize("rate", [0.0005, 0.002, 0.01])
def test_a_long_bake_at_100_percent_is_not_held_against_a_candidate_like_its_baseline(rate: float) -> None:
    """The longer one looks, the more clients have failed once."""
    decisions = ramp(rate, "0.1%")
    assert len(decisions) == 3, decisions[-1].reason
    assert decisions[-1].verdict is not Verdict.FAIL, decisions[-1].reason


def test_a_healthy_ramp_passes_every_step() -> None:
    assert [decision.verdict for decision in ramp(0.002, "5%")] == [Verdict.PASS] * 3


def test_a_candidate_that_turns_bad_late_at_100_percent_is_still_seen() -> None:
    source = Crowd(rate=0.0005)
    measure = Measure(source, wanted(guardrails=[CLIENTS]), OLD, now=0.0)
    for seconds, share, rate in ((20, 0.1, 0.0005), (20, 0.5, 0.0005), (200, 1.0, 0.0005), (70, 1.0, 0.1)):
        if share < 1.0 or seconds == 200:
            measure.next_step(source.at)
        source.share, source.rate = share, rate
        for _ in range(seconds):
            source.at += 1.0
            measure.look(source.at, 100.0 * share)
    assert measure.decision is not None
    assert measure.decision.verdict is Verdict.FAIL
