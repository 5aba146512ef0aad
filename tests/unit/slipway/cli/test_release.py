"""`slipway release` as it is called, with the engine faked: what is written, told and put back."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from slipway.cli.changes import Diagnostic
from slipway.cli.engine_records import Run
from slipway.cli.main import cli
from slipway.release.errors import EngineError
from slipway.release.records import journal
from slipway.release.records.journal import Head
from tests.unit.slipway.cli.project import SERVICE, Project, update_of, urn

FORWARD = {"manifest": "releases/checkout/2.yaml", "standby": "releases/checkout/1.yaml"}
MANIFEST = "releases/checkout/2.yaml"


@pytest.fixture
def released(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Version 1 serves, version 2 is written, and an update commits it."""
    project.release("1")
    project.manifest("2")
    project.engine.during = lambda: project.commit("2")
    project.engine.updated = Run(steps=[update_of(SERVICE)])
    project.engine.history = lambda: project.history
    monkeypatch.setattr("slipway.cli.engine.Engine", lambda folder, stack: project.engine)
    return project


def run(project: Project, *options: str, manifest: str = MANIFEST) -> Result:
    command = ["release", SERVICE, str(project.folder / manifest), "--cwd", str(project.folder), "--json", *options]
    return CliRunner().invoke(cli, command)


def test_the_release_is_previewed_carried_out_in_one_update_and_kept(released: Project) -> None:
    done = run(released, "--yes", "--reason", "CHG-7")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["from"]["version"], told["to"]["version"], told["movesTraffic"]) == ("1", "2", True)
    assert released.engine.previews == 1
    assert released.engine.messages == ["slipway release checkout: 1 -> 2: CHG-7"]
    assert released.entry() == FORWARD
    assert told["configuration"] == "Pulumi.prod.yaml names releases/checkout/2.yaml"


def test_no_other_service_is_touched(released: Project) -> None:
    assert run(released, "--yes").exit_code == 0
    assert "payments" not in released.engine.told["releases:services"]
    assert all("checkout" in target for target in released.engine.targets)
    assert "payments:\n      manifest: p.yaml" in released.file.read_text()


def test_a_dry_run_shows_the_plan_and_writes_nothing(released: Project) -> None:
    before = released.file.read_bytes()
    told = json.loads(run(released, "--dry-run").stdout)
    assert (told["planned"], told["entry"]["after"]) == (True, FORWARD)
    assert (released.engine.previews, released.engine.messages) == (1, [])
    assert released.file.read_bytes() == before


def test_without_yes_and_without_a_terminal_nothing_is_written(released: Project) -> None:
    before = released.file.read_bytes()
    assert run(released).exit_code == 2
    assert released.file.read_bytes() == before
    assert released.engine.messages == []


def test_every_gate_that_refuses_is_told_and_nothing_is_written(released: Project) -> None:
    before = released.file.read_bytes()
    told = [Diagnostic("error", f"the gate {gate} refuses", urn(SERVICE)) for gate in ("qa", "tests")]
    released.engine.previewed = Run(diagnostics=told, error=told[0].message)
    done = run(released, "--yes")
    assert done.exit_code == 1
    error = json.loads(done.stdout)["error"]
    assert "the gate qa refuses" in error
    assert "the gate tests refuses" in error
    assert released.file.read_bytes() == before
    assert released.engine.messages == []


def test_an_aborted_release_leaves_the_file_as_it_was(released: Project) -> None:
    before = released.file.read_bytes()
    gone = journal.aborted(released.head(), released.attempt("2"), "5% errors", 1.0, quarantine=True)
    released.engine.during = lambda: released.save(gone)
    released.engine.updated = Run(error="checkout 2 aborted: 5% errors")
    done = run(released, "--yes")
    assert done.exit_code == 1
    assert "all traffic is on 1" in json.loads(done.stdout)["error"]
    assert released.file.read_bytes() == before


def test_an_update_that_cannot_begin_leaves_the_file_as_it_was(released: Project) -> None:
    before = released.file.read_bytes()
    released.engine.updated = EngineError("the stack is locked")
    assert run(released, "--yes").exit_code == 1
    assert released.file.read_bytes() == before


def test_a_release_that_was_killed_after_the_file_was_written_is_gone_on_with(released: Project) -> None:
    released.declare({SERVICE: FORWARD, "payments": {"manifest": "p.yaml"}})
    done = run(released, "--yes")
    assert done.exit_code == 0, done.output
    assert released.entry() == FORWARD


def test_a_killed_release_that_is_refused_when_it_is_gone_on_with_can_be_undone(released: Project) -> None:
    released.declare({SERVICE: FORWARD, "payments": {"manifest": "p.yaml"}})
    plan = released.plan()
    assert (plan.destination.moves_traffic, plan.destination.entry) == (False, {"manifest": "releases/checkout/1.yaml"})


def test_the_first_release_of_a_stack_updates_the_whole_of_it(released: Project) -> None:
    released.history.clear()
    assert run(released, "--yes").exit_code == 0
    assert released.engine.targets == ()
    assert "payments" in released.engine.told["releases:services"]


def test_a_manifest_with_problems_reaches_no_engine(released: Project) -> None:
    (released.folder / "bad.yaml").write_text("service: checkout\n")
    done = run(released, "--yes", manifest="bad.yaml")
    assert done.exit_code == 1
    assert "problem(s)" in json.loads(done.stdout)["error"]
    assert released.engine.previews == 0


def test_a_first_release_that_never_became_ready_leaves_no_entry(released: Project) -> None:
    released.declare({"payments": {"manifest": "p.yaml"}})
    released.world.journal.delete()
    before = released.file.read_bytes()
    released.engine.during = lambda: released.save(
        journal.aborted(Head(service=SERVICE), released.attempt("2"), "not ready", 1.0, quarantine=False)
    )
    released.engine.updated = Run(error="checkout 2 is not ready within 30s")
    done = run(released, "--yes")
    assert "not ready within 30s; no release serves; Pulumi.prod.yaml is as it was" in json.loads(done.stdout)["error"]
    assert released.file.read_bytes() == before


@pytest.mark.parametrize("moved", [False, True])
def test_an_interrupt_beside_the_engine_keeps_the_file_only_where_the_release_serves(
    released: Project, moved: bool
) -> None:
    before = released.file.read_bytes()

    def interrupted() -> None:
        if moved:
            released.commit("2")
        raise KeyboardInterrupt

    released.engine.during = interrupted
    done = run(released, "--yes")
    assert done.exit_code == 1
    assert "interrupted" in json.loads(done.stdout)["error"]
    assert (released.file.read_bytes() == before) is not moved
    assert [path.name for path in released.folder.glob(".Pulumi*")] == []


def test_an_interrupt_during_the_preview_leaves_nothing_behind(released: Project) -> None:
    before = released.file.read_bytes()

    def interrupted(_scope: object) -> Run:
        raise KeyboardInterrupt

    released.engine.preview = interrupted
    assert run(released, "--yes").exit_code != 0
    assert released.file.read_bytes() == before
    assert [path.name for path in released.folder.glob(".Pulumi*")] == []
    assert released.engine.messages == []
