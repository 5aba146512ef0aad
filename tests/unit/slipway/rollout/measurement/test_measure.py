from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from slipway.release.errors import ClusterError
from slipway.release.rollout_inputs import Backend
from slipway.rollout.analysis import Counts, Evidence, GuardrailCounts, Tick, Verdict, observe
from slipway.rollout.analysis.past import Past
from slipway.rollout.measurement.measure import Measure
from slipway.rollout.measurement.overdispersion import Past as Past_
from slipway.rollout.metrics.base import Series
from slipway.rollout.metrics.memory import MemorySource
from slipway.rollout.traffic.shares import share_problem
from tests.unit.slipway.rollout.examples import backend, decision, wanted

OLD, NEW = backend("aaaaaaaa"), backend("bbbbbbbb")


def clustered(burst: int) -> list[list[tuple[int, int]]]:
    rng = np.random.default_rng(1)
    return [[(200, burst * int(rng.poisson(2.0 / burst))) for _ in range(360)] for _ in range(3)]


def looks(source: MemorySource, number: int = 4) -> tuple[Measure, list[dict[str, object]]]:
    measure = Measure(source, wanted(), OLD, now=0.0)
    found = []
    for index in range(number):
        source.at = float(index + 1)
        source.feed(OLD.revision, 300, index)
        source.feed(NEW.revision, 100, index // 2)
        record = measure.look(index + 1.0003, 25.0)
        if record is not None:
            found.append(record)
    return measure, found


def test_clustered_errors_of_what_serves_set_the_guard() -> None:
    source = MemorySource()
    source.past = {"errors": clustered(6)}
    measure, records = looks(source)
    assert dict(measure.evidence.settings.dispersion)["errors"] == pytest.approx(6.0, rel=0.3)
    assert "bad events come in clusters" in str(records[-1]["findings"])


def test_independent_errors_and_no_past_set_none() -> None:
    source = MemorySource()
    source.past = {"errors": clustered(1)}
    assert looks(source)[0].evidence.settings.dispersion == ()
    assert looks(MemorySource())[0].evidence.settings.dispersion == ()


def test_a_past_that_cannot_be_asked_stops_nothing() -> None:
    source = MemorySource()
    source.faults.next("history", ClusterError("Prometheus did not answer in time"))
    measure, records = looks(source)
    assert measure.evidence.settings.dispersion == ()
    assert measure.error is None
    assert len(records) == 3
    assert "the past could not be read: Prometheus did not answer in time" in str(records[-1]["notes"])


def test_before_any_traffic_a_past_that_could_not_be_read_is_asked_for_again() -> None:
    source = MemorySource()
    source.past = {"errors": clustered(6)}
    source.faults.next("history", ClusterError("Prometheus did not answer in time"))
    measure = Measure(source, wanted(), OLD, now=0.0)
    found = []
    for index in range(4):
        source.at = float(index + 1)
        source.feed(OLD.revision, 300, index)
        found.append(measure.look(index + 1.0, 0.0))
    assert dict(measure.evidence.settings.dispersion)["errors"] == pytest.approx(6.0, rel=0.3)
    assert [record is not None for record in found] == [False, False, True, True]
    assert "notes" not in (found[-1] or {})


def test_what_the_journal_holds_of_the_ticks_decides_again_exactly_the_same() -> None:
    source = MemorySource()
    source.past = {"errors": clustered(6)}
    first = Measure(source, wanted(), OLD, now=0.0)
    measure, records = looks(source, 8)
    stored = json.loads(json.dumps(records))
    evidence = Evidence.from_json({**first.evidence.to_json(), **stored[0]["known"]})
    for record in stored:
        seen = {
            name: GuardrailCounts(
                Counts(counts["candidate"]["total"], counts["candidate"]["bad"]),
                Counts(counts["baseline"]["total"], counts["baseline"]["bad"]),
            )
            for name, counts in record["counts"].items()
        }
        tick = Tick(record["at"], record["inStep"], record["length"], record["weight"], seen, record["errors"])
        evidence, again = observe(evidence, tick)
        assert again.statistic == record["statistic"]
        assert again.verdict == record["verdict"]
    assert evidence == measure.evidence


def test_the_hour_of_what_serves_is_a_record_and_the_plan_is_known() -> None:
    source = MemorySource()
    source.past = {"errors": [[(200, 1)] * 360, [(100, 0)] * 360]}
    known = looks(source)[0].evidence.settings.known
    assert known.past == {"errors": Past(108_000, 360, 18_000, 60)}
    assert known.weights == (25.0, 100.0)
    assert known.spread == {}
    assert Measure(source, wanted(), None, now=0.0).evidence.settings.known.first_release


def test_where_the_pods_of_what_serves_differ_more_is_tolerated() -> None:
    guardrails = [{"name": "checkouts", "kind": "custom", "good": "g{revision}", "total": "t{revision}"}]
    source = MemorySource()
    pods = [[(300, bad)] * 360 for bad in (3, 3, 2, 4, 3, 2, 4, 6)]
    source.past = {"checkouts": pods}
    found = Past_(source, wanted(guardrails=guardrails), OLD).known()
    assert 1.5 < found.spread["checkouts"] < 6.0
    source.past = {"errors": pods}
    assert Past_(source, wanted(), OLD).known().spread == {}  # Those are pods of the gateway.


def test_a_guardrail_without_a_past_is_named_in_the_journal() -> None:
    source = MemorySource()
    source.past = {}
    assert "without a past: errors" in str(looks(source)[1][-1]["notes"])
    source.past = {"errors": []}
    assert "notes" not in looks(source)[1][-1]


class TwoProxies(MemorySource):
    """Half of the requests went by either proxy; one may be out of sight."""

    hidden = False

    def _traffic(self, backends: Sequence[Backend]) -> dict[str, dict[str, Series]]:
        shown = ("a",) if self.hidden else ("a", "b")
        return {side: dict.fromkeys(shown, Series(n / 2, 0, {})) for side, n in self.requests(backends).items()}


def test_a_proxy_that_is_out_of_sight_for_a_look_does_not_change_the_measured_share() -> None:
    source = TwoProxies()
    source.feed(OLD.revision, 200_000)
    measure = Measure(source, wanted(), OLD, now=0.0)
    for index in range(12):
        source.at = float(index + 1)
        source.feed(OLD.revision, 190)
        source.feed(NEW.revision, 10)
        source.hidden = index == 6
        measure.look(index + 1.0, 5.0)
    totals = measure.totals
    assert (totals.candidate, totals.baseline) == (110, 11 * 190)
    assert share_problem(5.0, totals.candidate, totals.baseline, sticky=False) is None


class OneFrame(MemorySource):
    """Answers a snapshot and nothing else."""

    def requests(self, backends: Sequence[Backend]) -> Mapping[str, float]:
        raise AssertionError

    traffic = requests  # type: ignore[assignment]


def test_a_look_reads_one_snapshot_for_the_verdict_and_the_share() -> None:
    measure, _ = looks(OneFrame())
    assert (measure.totals.candidate, measure.totals.baseline) == (300, 900)
    assert measure.error is None


def test_a_look_without_the_traffic_is_an_error_of_every_guardrail() -> None:
    source = MemorySource()
    source.broken = {"*": "no Envoy was scraped"}
    measure, records = looks(source)
    assert (records, measure.error, measure.failing) == ([], "no Envoy was scraped", ("errors",))


@pytest.mark.parametrize(("interval", "lasts"), [(2.0, 30.0), (20.0, 60.0)])
def test_a_pass_does_not_outlive_its_data(interval: float, lasts: float) -> None:
    source = MemorySource()
    measure = Measure(source, wanted(), OLD, now=0.0)
    now = 0.0
    for _ in range(4):
        now = source.at = now + interval
        source.feed(NEW.revision, 2000)
        source.feed(OLD.revision, 2000)
        measure.look(now, 50.0)
    verdicts = []
    for later in (1.0, lasts, lasts + 1.0):
        measure.look(now + later, 50.0)
        assert measure.decision is not None
        verdicts.append(measure.decision.verdict)
    assert verdicts == [Verdict.PASS, Verdict.PASS, Verdict.INCONCLUSIVE]
    source.at = now + lasts + 2.0
    source.feed(NEW.revision, 20)
    measure.look(source.at, 50.0)
    assert measure.decision is not None
    assert measure.decision.verdict is Verdict.PASS


def test_an_answer_that_is_older_than_the_last_one_is_no_look() -> None:
    source = MemorySource()
    measure, _ = looks(source)
    source.at -= 2.0
    assert measure.look(5.0, 25.0) is None
    assert measure.error is None


def test_a_step_that_passed_and_whose_share_is_wrong_goes_by_the_declared_policy() -> None:
    settings = {"tick": "1s", "dwell": "2s", "onInconclusive": "abort"}
    measure = Measure(MemorySource(), wanted(analysis=settings), OLD, now=0.0)
    measure.decision = decision(Verdict.PASS)
    assert measure.policy("inconclusive") == "abort"
