"""What a release plans, from its manifest, journal and history."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from sandbox.stage import manifests
from slipway.cli.engine_records import StackUpdate
from slipway.cli.entry_plan import Plan, Stack
from slipway.cli.forward_plan import is_first_of_stack, plan, read_declared
from slipway.release.errors import InputError, ReleaseRefused
from slipway.release.records import journal
from tests.unit.slipway.cli.examples import NOW
from tests.unit.slipway.cli.project import SERVICE, Project


def planned(project: Project, version: str, *, keeps_standby: bool = True) -> Plan:
    history: Future[list[StackUpdate]] = Future()
    history.set_result(project.history)
    declared = read_declared(project.folder, SERVICE, f"releases/{SERVICE}/{version}.yaml")
    found = Stack.read(project.folder, "prod", SERVICE, new=True)
    return plan(project.engine, history, found, declared, keeps_standby=keeps_standby)


def test_it_walks_the_steps_and_names_the_present_release_as_standby(project: Project) -> None:
    project.release("1")
    project.manifest("2")
    found = planned(project, "2")
    assert found.destination.entry == {"manifest": "releases/checkout/2.yaml", "standby": "releases/checkout/1.yaml"}
    assert found.steps.startswith("canary: ")
    assert (found.command, found.kind) == ("release", "forward")
    assert {project.backend("1").revision, project.backend("2").revision} <= set(found.revisions)


def test_a_first_release_of_a_service_that_the_file_does_not_name(project: Project) -> None:
    project.declare({"payments": {"manifest": "p.yaml"}})
    project.manifest("1")
    found = planned(project, "1")
    assert (found.before, found.destination.entry) == ({}, {"manifest": "releases/checkout/1.yaml"})
    assert found.steps.startswith("first release: ")


def test_a_return_to_what_completed_is_one_switch(project: Project) -> None:
    project.release("1")
    project.release("2")
    assert planned(project, "1").steps == "return to a known good revision: 100% for 0s"


def test_a_standby_that_was_edited_since_is_refused_with_both_ways_out(project: Project) -> None:
    project.release("1")
    project.manifest("1", workload=manifests.workload(replicas=7))
    project.manifest("2")
    with pytest.raises(
        ReleaseRefused, match=r"1\.yaml was edited .* version control, or keep nothing warm: --no-standby"
    ):
        planned(project, "2")
    assert "standby" not in planned(project, "2", keeps_standby=False).destination.entry


def test_a_rollout_in_flight_is_waited_for(project: Project) -> None:
    project.release("1")
    project.manifest("2")
    project.manifest("3")
    project.save(journal.begun(project.head(), project.attempt("2")))
    with pytest.raises(ReleaseRefused, match="wait for its end, or end it with `slipway abort checkout`"):
        planned(project, "3")


def test_a_migration_that_a_rollback_leaves_applied_is_shown(project: Project) -> None:
    project.release("1")
    migrations = [{"id": "0042", "up": "42.sql", "phase": "contract", "compensation": "restore the copy"}]
    rollback = {"maxMinutes": 5, "constraints": [], "compensations": ["restore the copy"]}
    project.manifest("2", migrations=migrations, rollback=rollback)
    assert planned(project, "2").warnings == (
        "migration 0042 stays applied after a rollback (contract): restore the copy",
    )


def test_every_problem_of_the_manifest_is_told_at_once(project: Project) -> None:
    (project.folder / "bad.yaml").write_text("apiVersion: slipway/v1\nkind: Release\nservice: checkout\n")
    with pytest.raises(InputError) as error:
        read_declared(project.folder, SERVICE, "bad.yaml")
    assert {"version", "artifact", "workload"} <= {problem.path.split(" ")[0] for problem in error.value.problems}


def test_a_manifest_of_another_service_and_one_outside_are_refused(project: Project) -> None:
    project.manifest("1")
    with pytest.raises(InputError, match="is a release of checkout"):
        read_declared(project.folder, "payments", "releases/checkout/1.yaml")
    with pytest.raises(InputError, match="inside the project's folder"):
        read_declared(project.folder, SERVICE, "/etc/passwd")


def test_only_an_update_that_succeeded_ends_the_first_time_of_a_stack() -> None:
    failed = StackUpdate(NOW, False, "", {})
    assert is_first_of_stack([failed])
    assert not is_first_of_stack([failed, StackUpdate(NOW, True, "", {})])
