"""The command: when the engine plans first, and what is told of what it did."""

from __future__ import annotations

import json
from concurrent.futures import Future

import pytest
from click.testing import CliRunner, Result

from slipway.cli import engine, rollback
from slipway.cli.engine_records import Run
from slipway.cli.main import cli
from tests.unit.slipway.cli.project import SERVICE, Project, update_of


@pytest.fixture
def released(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Version 2 serves, version 1 is warm, and an update commits version 1."""
    project.release("1")
    project.release("2", standby="1")
    project.engine.during = lambda: project.commit("1")
    project.engine.updated = Run(steps=[update_of(SERVICE)])
    monkeypatch.setattr(engine, "Engine", lambda *_: project.engine)
    monkeypatch.setattr(rollback, "_end_in_flight", lambda *_, **__: False)
    monkeypatch.setattr(rollback, "_plan", lambda *_, **__: project.plan())
    return project


def run(project: Project, *options: str) -> Result:
    return CliRunner().invoke(cli, ["rollback", SERVICE, "--cwd", str(project.folder), "--json", *options])


def test_with_yes_the_update_begins_at_once_and_its_changes_are_told(released: Project) -> None:
    done = run(released, "--yes")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert released.engine.previews == 0
    assert [change["type"] for change in told["changes"]] == ["slipway:index:Rollout"]
    assert told["otherChanges"] == []


def test_a_plan_that_somebody_reads_is_the_engines(released: Project) -> None:
    told = json.loads(run(released, "--plan").stdout)
    assert (released.engine.previews, released.engine.messages) == (1, [])
    assert [change["op"] for change in told["changes"]] == ["update"]


def test_an_update_of_the_whole_stack_is_previewed_even_with_yes(released: Project) -> None:
    assert run(released, "--yes", "--allow-other-changes").exit_code == 0
    assert released.engine.previews == 1


def test_after_a_rollout_in_flight_was_ended_the_history_is_read_again_and_nobody_is_asked_twice(
    released: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(
        _service: str, _folder: object, _engine: object, history: Future[object], *_: object, **__: object
    ) -> object:
        history.result()
        return released.plan()

    monkeypatch.setattr(rollback, "_end_in_flight", lambda *_, **__: True)
    monkeypatch.setattr(rollback, "_plan", plan)
    assert run(released).exit_code == 0
    assert released.engine.history_reads == 2
