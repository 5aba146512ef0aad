"""Healthy releases by every strategy: nobody notices, and the stack is settled afterwards."""

from __future__ import annotations

from sandbox.stage import manifests
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import Service, failures, until


def test_a_first_release_serves_and_an_unchanged_stack_shows_no_change(service: Service) -> None:
    service.released("v1")
    assert service.serving() == "v1"
    before = service.written()
    result = service.stage.preview("--expect-no-changes")
    assert result.code == 0, result.output
    assert service.written() == before


def test_a_preview_shows_the_plan_and_writes_nothing(service: Service) -> None:
    service.released("v1")
    before = service.written()
    service.configure("v2")
    result = service.stage.preview("--diff")
    assert result.code == 0, result.output
    assert "v1 -> v2" in result.output
    assert "canary: 5% for 2s, 25% for 2s, 50% for 2s, 100% for 2s" in result.output
    assert service.written() == before


def test_a_canary_is_promoted_without_a_failed_request_and_the_old_workload_goes(
    service: Service, load: StartLoad
) -> None:
    service.released("v1")
    with load(rate=300) as traffic:
        service.released("v2")
        assert service.serving() == "v2"
        assert failures(traffic) == []
    until(lambda: len(service.deployments()) == 1, "the old workload is gone")
    steps = service.head().attempt.steps  # type: ignore[union-attr]
    assert [step.weight for step in steps] == [5.0, 25.0, 50.0, 100.0]
    assert {step.verdict for step in steps} == {"PASS"}
    assert service.stage.preview("--expect-no-changes").code == 0


def test_blue_green_checks_at_zero_percent_then_switches_without_a_failed_request(
    service: Service, load: StartLoad
) -> None:
    service.released("v1")
    with load(rate=300) as traffic:
        service.released("v2", manifests.BLUE_GREEN)
        assert service.serving() == "v2"
        assert failures(traffic) == []
    assert [step.weight for step in service.head().attempt.steps] == [100.0]  # type: ignore[union-attr]


def test_a_failed_smoke_check_stops_a_release_before_any_user_reaches_it(service: Service, load: StartLoad) -> None:
    service.released("v1")
    with load(rate=100) as traffic:
        result = service.release("errors-100", manifests.BLUE_GREEN)
        assert result.code != 0
        assert "smoke check failed at 0%: GET / answered 500, wanted 200" in result.output
        assert failures(traffic) == []
    assert service.serving() == "v1"


def test_rolling_replaces_the_replicas_without_a_failed_request(service: Service, load: StartLoad) -> None:
    workload = manifests.workload(replicas=3)
    service.released("v1", workload=workload)
    with load(rate=300) as traffic:
        service.released("v2", manifests.ROLLING, workload=workload)
        assert failures(traffic) == []
    assert service.serving() == "v2"
    assert len(service.head().attempt.steps) == 3  # type: ignore[union-attr]
    assert service.stage.preview("--expect-no-changes").code == 0


def test_the_way_back_to_a_warm_standby_replays_no_steps(service: Service, load: StartLoad) -> None:
    service.released("v1")
    with load(rate=300) as traffic:
        service.released("v2", standby="v1")
        assert len(service.deployments()) == 2
        service.stage.configure("checkout", service.paths["v1"], service.paths["v2"])
        result = service.stage.up()
        assert result.code == 0, result.output
        assert failures(traffic) == []
    head = service.head()
    assert service.serving() == "v1"
    assert head.attempt is not None
    assert (head.attempt.kind, len(head.attempt.steps)) == ("rollback", 1)
    assert len(service.deployments()) == 2


def test_a_new_environment_variable_alone_is_a_new_revision(service: Service) -> None:
    service.released("v1")
    changed = manifests.workload(replicas=2, env={"LOG": "debug"})
    service.configure("v1-debug", image="v1", workload=changed)
    result = service.stage.preview()
    assert "+ " in result.output
    assert "create" in result.output
    assert "v1 -> v1-debug" in result.output


def test_destroy_leaves_nothing_behind(service: Service, load: StartLoad) -> None:
    service.released("v1")
    with load(rate=300):
        service.released("v2", standby="v1")
    result = service.stage.run("destroy", "--yes", "--skip-preview")
    assert result.code == 0, result.output
    until(lambda: {name for name in service.written() if "kube-root-ca" not in name} == set(), "nothing is left")
