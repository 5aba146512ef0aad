"""The one door to Pulumi, on the real CLI with a program of a few lines."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from slipway.cli.changes import changes
from slipway.cli.engine import Engine, Scope, StackLocked
from slipway.cli.stack_file import StackFile
from slipway.release.errors import EngineError
from slipway.release.project_files import config_of, stack_file
from tests.integration.standins.conftest import MakeProject, make_project, pulumi_environment
from tests.integration.standins.project import Project, await_true

__all__ = ["make_project", "pulumi_environment"]

PROGRAM = """
import os, time
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Slow(ResourceProvider):
    def create(self, props):
        open(props["began"], "w").close()
        time.sleep(60)
        return CreateResult("slow", props)

class Waiting(Resource):
    def __init__(self, name):
        super().__init__(Slow(), name, {"began": os.path.abspath("began")})

class Canary(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("slipway:index:Canary", name, {})

services = pulumi.Config("releases").require_object("services")
for name, entry in services.items():
    Canary(name)
    if entry["manifest"] == "broken.yaml":
        raise ValueError(f"{name} is broken")
    if entry["manifest"] == "slow.yaml":
        Waiting(f"{name}-slow")
"""
CONFIG = """# of the team
config:
  releases:services:
    # the shop
    checkout:
      manifest: releases/checkout/1.yaml # tail
      standby: releases/checkout/0.yaml
    payments: {manifest: p.yaml}
  releases:namespace: shop
"""


@pytest.fixture
def project(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    made = make_project(PROGRAM)
    made.write("Pulumi.yaml", (made.folder / "Pulumi.yaml").read_text().replace("name: standins", "name: releases"))
    made.pulumi("stack", "init", "prod")
    configure(made, CONFIG)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    yield made
    made.pulumi("stack", "rm", "--force", "--yes", "--stack", "prod", succeed=False)


def configure(project: Project, text: str) -> None:
    path = stack_file(project.folder, "prod")
    salt = [line for line in path.read_text().splitlines() if line.startswith("encryptionsalt")]
    path.write_text(text + "\n".join(salt) + "\n")


def services(path: Path) -> object:
    return config_of(path)["releases:services"]


@pytest.fixture
def engine(project: Project) -> Engine:
    return Engine(project.folder, "prod")


def test_an_update_and_its_history_carry_the_entries_of_the_services(project: Project, engine: Engine) -> None:
    lines: list[str] = []
    run = engine.up("slipway: first", on_line=lines.append)
    assert run.error is None
    assert sorted(change.name for change in changes(run.steps)) == ["checkout", "payments", "releases-prod"]
    assert "Updating (prod):" in lines
    (update,) = engine.history()
    assert (update.message, update.succeeded) == ("slipway: first", True)
    assert update.services["checkout"] == {
        "manifest": "releases/checkout/1.yaml",
        "standby": "releases/checkout/0.yaml",
    }


def test_a_preview_with_another_file_says_what_would_change_and_writes_nothing(
    project: Project, engine: Engine
) -> None:
    engine.up("first")
    path = stack_file(project.folder, "prod")
    file = StackFile.read(path)
    with file.draft() as draft:
        draft.write_text(draft.read_text().replace("    payments: {manifest: p.yaml}\n", ""))
        run = engine.preview(Scope(draft))
    assert [(change.op, change.name, change.service) for change in changes(run.steps)] == [
        ("delete", "payments", "payments")
    ]
    assert len(engine.history()) == 1
    assert path.read_bytes() == file.before
    assert changes(engine.preview().steps) == ()


def test_a_program_that_fails_is_one_line(project: Project, engine: Engine) -> None:
    configure(project, CONFIG.replace("p.yaml", "broken.yaml"))
    run = engine.up("bad")
    assert run.error == "ValueError: payments is broken"
    assert [update.succeeded for update in engine.history()] == [False]


def test_an_entry_is_written_with_its_types_and_all_comments_stay(project: Project, engine: Engine) -> None:
    path = stack_file(project.folder, "prod")
    before = {"manifest": "releases/checkout/1.yaml", "standby": "releases/checkout/0.yaml"}
    after = {
        "manifest": "releases/a b=c.yaml",
        "flags": {"on": True, "ratio": 0.5, "names": ["1", "true", "x"], "n": 3},
    }
    with StackFile.read(path).draft() as draft:
        engine.write_entry(draft, "checkout", before, after)
        assert services(draft) == {"checkout": after, "payments": {"manifest": "p.yaml"}}
        text = draft.read_text()
        engine.write_entry(draft, "checkout", after, before)
        assert services(draft) == {"checkout": before, "payments": {"manifest": "p.yaml"}}
    assert text.startswith("# of the team\n")
    assert "    # the shop\n" in text
    assert "manifest: releases/a b=c.yaml # tail" in text


def test_opening_a_stack_does_not_select_it(project: Project, engine: Engine) -> None:
    project.pulumi("stack", "init", "mine")
    engine.history()
    Engine(project.folder, "prod").state()
    assert project.pulumi("stack", "--show-name").stdout.strip() == "mine"
    assert Engine(project.folder).stack == "mine"
    project.pulumi("stack", "rm", "--yes", "--stack", "mine")


def test_a_stack_that_is_not_there_is_one_line(project: Project) -> None:
    with pytest.raises(EngineError, match=r"^pulumi: no stack named 'nowhere' found$"):
        Engine(project.folder, "nowhere").history()


def test_what_a_killed_update_leaves_is_named_and_can_be_cleared(project: Project, engine: Engine) -> None:
    engine.up("first")
    before = engine.state().resources
    assert (engine.locks(), engine.state().pending) == ([], ())
    configure(project, CONFIG.replace("p.yaml", "slow.yaml"))
    process = project.start("up", "--yes", "--skip-preview", "--stack", "prod")
    await_true((project.folder / "began").exists, "the slow resource is being created")
    plugins = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    for plugin in plugins:  # a dynamic provider in the middle of a call does not notice by itself
        with contextlib.suppress(psutil.NoSuchProcess):
            plugin.kill()
    (lock,) = engine.locks()
    assert (lock.pid, lock.host) == (process.pid, os.uname().nodename)
    with pytest.raises(StackLocked, match="slipway recover"):
        engine.up("second")
    engine.cancel()
    assert engine.locks() == []
    (pending,) = engine.state().pending
    assert (pending.operation, pending.urn.rpartition("::")[2]) == ("creating", "payments-slow")
    engine.clear_pending()
    assert engine.state().pending == ()
    assert {one.urn for one in before} <= {one.urn for one in engine.state().resources}


def test_an_interrupt_ends_an_update_in_order(project: Project, engine: Engine) -> None:
    configure(project, CONFIG.replace("p.yaml", "slow.yaml"))

    def interrupt() -> None:
        await_true((project.folder / "began").exists, "the slow resource is being created")
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    run = engine.up("interrupted")
    watcher.join()
    assert run.error is not None
    assert engine.locks() == []
    assert [update.succeeded for update in engine.history()] == [False]
