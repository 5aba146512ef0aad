"""What a rollback plans, from manifests, journal and history."""

from __future__ import annotations

import pytest

from sandbox.stage import manifests
from slipway.cli.entry_plan import Stack
from slipway.release.errors import EngineError, ReleaseRefused
from slipway.release.records import journal
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.platforms.memory import MemoryWorkloads
from tests.unit.slipway.cli.examples import ScriptedLease, world
from tests.unit.slipway.cli.project import SERVICE, Project


def test_it_names_image_entry_and_one_switch_to_a_warm_release(project: Project) -> None:
    project.release("1")
    project.release("2", standby="1")
    plan = project.plan()
    assert plan.destination.release.version == "1"
    assert plan.destination.release.image.endswith("1" * 64)
    assert plan.destination.entry == {"manifest": "releases/checkout/1.yaml", "standby": "releases/checkout/2.yaml"}
    assert plan.warm
    assert plan.steps == "return to a known good revision: 100% for 0s"


def test_a_release_whose_workload_is_gone_is_cold(project: Project) -> None:
    project.release("1")
    project.release("2")
    assert isinstance(project.world.workloads, MemoryWorkloads)
    project.world.workloads.remove(project.backend("1"))
    assert not project.plan().warm


def test_a_release_with_too_few_ready_replicas_is_not_warm(project: Project) -> None:
    project.release("1")
    project.release("2", standby="1")
    assert isinstance(project.world.workloads, MemoryWorkloads)
    project.world.workloads.put(project.backend("1"), Readiness(3, 3, 2, 0))
    assert not project.plan().warm


def test_after_an_abort_nothing_has_to_move(project: Project) -> None:
    project.release("1")
    project.release("2")
    aborted = {"manifest": project.manifest("3"), "standby": "releases/checkout/2.yaml"}
    project.declare({SERVICE: aborted})
    project.save(journal.aborted(project.head(), project.attempt("3"), "5% errors", 1.0, quarantine=True))
    plan = project.plan()
    assert plan.destination.entry == {"manifest": "releases/checkout/2.yaml"}
    assert plan.steps == "no rollout, it serves already"
    assert plan.warnings == ()


def test_a_manifest_that_was_edited_since_it_was_released_is_refused(project: Project) -> None:
    project.release("1")
    project.release("2")
    project.manifest("1", workload=manifests.workload(replicas=7))
    with pytest.raises(ReleaseRefused, match=r"releases/checkout/1\.yaml was edited since it was released"):
        project.plan()


def test_a_manifest_that_is_gone_is_named(project: Project) -> None:
    project.release("1")
    project.release("2")
    (project.folder / "releases/checkout/1.yaml").unlink()
    with pytest.raises(Exception, match=r"releases/checkout/1\.yaml") as error:
        project.plan()
    assert "cannot be read" in str(error.value)


def test_a_rollout_in_flight_is_ended_by_its_operator_first(project: Project) -> None:
    project.release("1")
    project.manifest("2")
    project.save(journal.begun(project.head(), project.attempt("2")))
    with pytest.raises(ReleaseRefused, match=r"a rollout to 2 \([0-9a-f]{20}\) is in flight; it began just now"):
        project.plan()


def test_a_rollout_whose_process_died_is_no_reason_to_refuse(project: Project) -> None:
    project.world = world(lease=ScriptedLease(None))
    project.release("1")
    project.release("2", standby="1")
    project.manifest("3")
    project.save(journal.begun(project.head(), project.attempt("3")))
    assert project.plan().destination.release.version == "1"


def test_what_the_release_that_is_left_says_about_undoing_it_is_shown(project: Project) -> None:
    project.release("1")
    migrations = [{"id": "0041", "up": "41.sql", "down": "41.down.sql", "phase": "expand"}]
    rollback = {"maxMinutes": 5, "constraints": ["not during the settlement at 18:00"]}
    project.release("2", migrations=migrations, rollback=rollback)
    assert project.plan().warnings == (
        "rollback constraint of 2: not during the settlement at 18:00",
        "migration 0041 of 2 stays applied (expand); its way down is 41.down.sql",
    )


def test_a_lost_journal_is_replaced_by_state_and_history_and_the_steps_are_walked_again(project: Project) -> None:
    project.release("1")
    project.release("2", standby="1")
    serving = project.head().serving
    assert serving is not None
    project.engine.outputs = {"service": SERVICE, "serving": serving.model_dump(mode="json", by_alias=True)}
    project.world.journal.delete()
    plan = project.plan()
    assert (plan.destination.release.version, plan.source) == ("1", "stack")
    assert plan.steps.startswith("canary: ")


def test_a_service_that_is_not_configured_is_named_with_those_that_are(project: Project) -> None:
    with pytest.raises(EngineError, match=r"configures no service search; there are: checkout, payments"):
        Stack.read(project.folder, "prod", "search")
