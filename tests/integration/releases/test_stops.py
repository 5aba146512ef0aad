"""Bad releases: noticed, stopped, explained; what served goes on serving."""

from __future__ import annotations

import re

import pytest

from sandbox.stage import manifests
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import Service, until


def error_lines(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines() if "aborted at" in line or "aborted before" in line]


def test_a_version_that_fails_5_percent_is_aborted_and_explained(service: Service, load: StartLoad) -> None:
    service.released("v1")
    with load(rate=100) as traffic:
        result = service.release("errors-5")
        assert result.code != 0
        assert service.serving() == "v1"
        counts = traffic.snapshot()
    head = service.head()
    reason = head.quarantined[head.attempt.candidate.revision].reason  # type: ignore[union-attr]
    assert any(reason in line for line in error_lines(result.output)), result.output
    assert "Traceback" not in result.output
    assert {one.version for one in counts.failures} == {"errors-5"}
    assert len(service.deployments()) == 2  # the candidate stays for inspection
    records = service.world.journal.records(head.attempt.id)  # type: ignore[union-attr]
    assert records[-1]["verdict"] == "FAIL"


@pytest.mark.usefixtures("counted_by")
def test_a_broken_version_that_gets_copies_first_costs_no_user_a_request(service: Service, load: StartLoad) -> None:
    service.released("v1")
    copies = {"mirror": "100%", "methods": ["GET", "HEAD"], "bake": "120s"}
    strategy = {"kind": "canary", "steps": [copies, {"weight": 50, "bake": "1s"}, {"weight": 100, "bake": "1s"}]}
    with load(rate=100) as traffic:
        result = service.release("errors-100", strategy)
        assert result.code != 0 and error_lines(result.output), result.output
        assert traffic.snapshot().failures == ()
        assert traffic.snapshot().count("errors-100") == 0
    live, attempt = service.live(), service.head().attempt
    assert service.serving() == "v1" and not live.mirrored
    assert attempt is not None and attempt.steps[0].requests > 0
    assert attempt.steps[0].errors == attempt.steps[0].requests


def test_an_aborted_revision_is_refused_until_the_manifest_says_why_again(service: Service, load: StartLoad) -> None:
    service.released("v1")
    with load(rate=100):
        assert service.release("errors-100").code != 0
        before = service.written()
        again = service.stage.up()
        assert again.code != 0
        assert "may be tried again, with retry.reason" in again.output
        assert service.written() == before
        retried = service.release("again", image="errors-100", retry={"reason": "the database was down, INC-7"})
        assert retried.code != 0
        assert "may be tried again" not in retried.output
    assert service.serving() == "v1"


def test_the_next_up_with_the_old_manifest_removes_the_aborted_candidate(service: Service, load: StartLoad) -> None:
    service.released("v1")
    with load(rate=100):
        assert service.release("errors-100").code != 0
        service.back_to("v1")
        result = service.stage.up()
    assert result.code == 0, result.output
    until(lambda: len(service.deployments()) == 1, "the old workload is gone")
    assert service.serving() == "v1"
    assert service.stage.preview("--expect-no-changes").code == 0


def test_a_version_that_never_becomes_ready_gets_no_traffic(service: Service, load: StartLoad) -> None:
    service.released("v1")
    with load(rate=100) as traffic:
        workload = manifests.workload(replicas=2, readyWithin="6s")
        result = service.release("never-ready", workload=workload)
        assert result.code != 0
        assert "is not ready within 6s: 0 of 2 replicas ready" in result.output
        assert traffic.snapshot().count("never-ready") == 0
    assert service.serving() == "v1"


def test_a_candidate_that_crashes_is_left_and_its_pod_and_exit_code_are_named(service: Service) -> None:
    service.released("v1")
    result = service.release("crash-loop", workload=manifests.workload(replicas=1, readyWithin="60s"))
    assert result.code != 0
    assert re.search(r"pod checkout-\w+-\w+-\w+: .*(last exit code 1|CrashLoopBackOff)", result.output), result.output
    assert service.serving() == "v1"


def test_a_fault_that_begins_only_at_100_percent_is_noticed_too(service: Service, load: StartLoad) -> None:
    service.released("v1")
    strategy = {"kind": "canary", "steps": [{"weight": 50, "bake": "2s"}, {"weight": 100, "bake": "120s"}]}
    with load(rate=300) as traffic:
        result = service.release("late-5", strategy)
        assert result.code != 0
        assert "at 100%" in result.output
        assert {one.version for one in traffic.snapshot().failures} == {"late-5"}
    assert service.serving() == "v1"


def test_without_traffic_a_step_is_never_passed(service: Service) -> None:
    service.released("v1")
    analysis = {"tick": "1s", "dwell": "1s", "horizon": "5s"}
    result = service.release("v2", analysis=analysis)
    assert result.code != 0
    assert "no traffic reached the candidate" in result.output
    assert service.serving() == "v1"


def test_a_dead_metrics_source_stops_a_rollout_after_its_grace(service: Service, load: StartLoad) -> None:
    service.released("v1")
    config = service.stage.folder / "Pulumi.test.yaml"
    service.configure("v2", analysis={"tick": "1s", "dwell": "1s", "horizon": "180s", "errorGrace": "5s"})
    config.write_text(config.read_text().replace(":9090", ":9"))
    with load(rate=100):
        result = service.stage.up()
    assert result.code != 0
    assert "metrics source failed for over 5s" in result.output
    assert service.serving() == "v1"
    assert service.head().quarantined == {}


def test_bad_manifests_are_refused_with_every_problem_before_anything_moves(service: Service) -> None:
    service.released("v1")
    before = service.written()
    steps = [{"weight": 50, "bake": "2s"}, {"weight": 25, "bake": "soon"}]
    result = service.release("v2", {"kind": "canary", "steps": steps}, artifact={"image": "sample:latest"})
    assert result.code != 0
    for place in ("artifact.image", "strategy.steps"):
        assert place in result.output
    assert "Traceback" not in result.output
    assert service.written() == before
