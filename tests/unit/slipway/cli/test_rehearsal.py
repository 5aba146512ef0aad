"""A rehearsal of a rollback goes back and forth and leaves the stack's file alone; lost requests make it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slipway.cli.engine_records import Run
from slipway.cli.rehearsal import Rehearsal, Rehearsed
from slipway.release.errors import EngineError, ReleaseRefused
from tests.unit.slipway.cli.project import SERVICE, Project


class FakeProbe:
    """Saw what the test says."""

    def __init__(self, sent: int, failed: int) -> None:
        self.sent, self.failed = sent, failed
        self.did: list[str] = []

    def start(self) -> None:
        self.did.append("start")

    def stop(self) -> None:
        self.did.append("stop")


@pytest.fixture
def released(project: Project) -> Project:
    """Version 2 serves, version 1 is warm, and the updates commit 1 and then 2."""
    project.release("1")
    project.release("2", standby="1")
    versions = iter(("1", "2"))
    project.engine.during = lambda: project.commit(next(versions))
    return project


def rehearsal(project: Project, probe: Any = None) -> Rehearsal:
    ticks = iter(range(100))
    return Rehearsal(project.engine, probe, lambda line: None, clock=lambda: float(next(ticks)))


def rolled_back(project: Project, probe: Any = None, forth: Callable[[str], Any] | None = None) -> Rehearsed:
    return rehearsal(project, probe).rollback(project.plan(), forth or project.plan)


def serving(project: Project) -> str:
    found = project.head().serving
    assert found is not None
    return found.backend.version


def test_it_goes_back_and_forth_and_the_file_is_as_it_was(released: Project) -> None:
    before = released.file.read_bytes()
    done = rolled_back(released)
    assert (done.outcome, done.seconds) == ("completed", 1.0)
    assert [message.partition(":")[2] for message in released.engine.messages] == [
        " 2 -> 1: a drill",
        " 1 -> 2: a drill",
    ]
    assert serving(released) == "2"
    assert released.file.read_bytes() == before


def test_a_way_back_that_fails_is_not_gone_forth(released: Project) -> None:
    before = released.file.read_bytes()
    released.engine.during = lambda: None
    released.engine.updated = Run(error="the target is not ready within 30s")
    done = rolled_back(released)
    assert done.outcome == "failed"
    assert "not ready within 30s" in str(done.problem)
    assert len(released.engine.messages) == 1
    assert released.file.read_bytes() == before


def test_a_way_forth_that_fails_says_what_serves(released: Project) -> None:
    def forth(_revision: str) -> Any:
        raise EngineError("the stack is locked")

    done = rolled_back(released, forth=forth)
    assert done.problem == "the way back worked, the way forth did not, and 1 serves: the stack is locked"
    assert released.entry()["manifest"] == "releases/checkout/1.yaml"


def test_nothing_is_drilled_where_the_declared_release_does_not_serve(released: Project) -> None:
    released.declare({SERVICE: {"manifest": released.manifest("3")}, "payments": {"manifest": "p.yaml"}})
    with pytest.raises(ReleaseRefused, match="does not serve, or is not known; release it first"):
        rolled_back(released)
    assert released.engine.messages == []


def test_requests_that_were_lost_make_the_drill_fail(released: Project) -> None:
    probe = FakeProbe(40, 2)
    done = rolled_back(released, probe)
    assert (done.outcome, done.problem) == ("failed", "2 of 40 requests failed meanwhile")
    assert (done.requests, done.failed_requests) == (40, 2)
    assert probe.did == ["start", "stop"]


def test_a_probe_that_sent_nothing_proves_nothing(released: Project) -> None:
    assert rolled_back(released, FakeProbe(0, 0)).problem == "the probe sent no request"


def test_a_deploy_is_timed_and_stays(released: Project) -> None:
    done = rehearsal(released, FakeProbe(9, 0)).deploy(released.plan())
    assert (done.outcome, done.requests, done.failed_requests) == ("completed", 9, 0)
    assert serving(released) == "1"
