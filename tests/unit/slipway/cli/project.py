"""A project with releases in a folder, and an engine that does as the test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import yaml

from sandbox.stage import manifests
from slipway.cli.changes import Step
from slipway.cli.engine import Scope
from slipway.cli.engine_records import Resource, Run, StackUpdate, State
from slipway.cli.entry_plan import Plan, Stack
from slipway.cli.process import OnLine
from slipway.cli.rollback_plan import plan
from slipway.cli.rollback_schema import NO_ANSWERS, Answers
from slipway.release.manifest.load import load
from slipway.release.records import journal
from slipway.release.records.journal import Attempt, Head, Outcome, read_head
from slipway.release.rollout_inputs import Backend
from slipway.release.target import KubernetesTarget
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.memory import MemoryWorkloads
from tests.unit.slipway.cli.examples import NOW, world

STACK = "urn:pulumi:prod::releases::pulumi:pulumi:Stack::releases-prod"
SERVICE = "checkout"


def urn(service: str) -> str:
    return f"urn:pulumi:prod::releases::slipway:index:Canary$slipway:index:Rollout::{service}"


def update_of(service: str) -> Step:
    return Step("update", urn(service), f"urn:pulumi:prod::releases::slipway:index:Canary::{service}", ("candidate",))


class FakeEngine:
    """In place of slipway.cli.engine.Engine: writes entries as the CLI would, previews and updates as it was told."""

    stack = "prod"

    def __init__(self, folder: Path) -> None:
        self.project = folder
        self.previewed = Run(steps=[update_of(SERVICE)])
        self.updated: Run | Exception = Run()
        self.during: Callable[[], object] = lambda: None
        self.messages: list[str] = []
        self.previews = 0
        self.targets: tuple[str, ...] = ()
        self.told: dict[str, Any] = {}
        """The configuration that the engine was given last."""
        self.outputs: Mapping[str, Any] = {}
        self.history_reads = 0

    def history(self) -> list[StackUpdate]:
        """Counted; what a test needs of it is given to its plan."""
        self.history_reads += 1
        return []

    def write_entry(self, file: Path, service: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        config = yaml.safe_load(file.read_text())
        assert config["config"]["releases:services"].get(service, {}) == before
        config["config"]["releases:services"][service] = dict(after)
        file.write_text(yaml.safe_dump(config))

    def preview(self, scope: Scope) -> Run:
        self.previews += 1
        self._see(scope)
        return self.previewed

    def up(self, message: str, scope: Scope, on_line: OnLine) -> Run:
        self._see(scope)
        self.messages.append(message)
        self.during()
        if isinstance(self.updated, Exception):
            raise self.updated
        return self.updated

    def _see(self, scope: Scope) -> None:
        self.targets = scope.targets
        self.told = yaml.safe_load((scope.config_file or self.project / "Pulumi.prod.yaml").read_text())["config"]

    def state(self) -> State:
        return State((Resource(urn(SERVICE), "slipway:index:Rollout", self.outputs),), ())


class Project:
    """`checkout` with releases 1, 2, ...: each has a manifest; what was committed is in journal and history."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine: Any = FakeEngine(folder)
        self.world: Adapters = world()
        self.payments: Adapters = world()
        self.history: list[StackUpdate] = []
        self.file = folder / "Pulumi.prod.yaml"
        (folder / "Pulumi.yaml").write_text("name: releases\nruntime: python\n")
        self.declare({SERVICE: {"manifest": "nothing.yaml"}, "payments": {"manifest": "p.yaml"}})

    def adapters_of(self, service: str) -> Adapters:
        return self.world if service == SERVICE else self.payments

    def declare(self, services: Mapping[str, Any]) -> None:
        config = {"releases:namespace": "shop", "releases:services": dict(services)}
        self.file.write_text("# ours\n" + yaml.safe_dump({"config": config}))

    def keep_stacks_in(self, folder: str) -> None:
        """Move the stack's file into a folder that Pulumi.yaml names."""
        (self.folder / folder).mkdir()
        self.file = self.file.rename(self.folder / folder / self.file.name)
        (self.folder / "Pulumi.yaml").write_text(f"name: releases\nruntime: python\nstackConfigDir: {folder}\n")

    def entry(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self.file.read_text())["config"]["releases:services"][SERVICE])

    def manifest(self, version: str, **changes: Any) -> str:
        image = f"registry.example/checkout@sha256:{version[0] * 64}"
        path = manifests.write(self.folder, manifests.manifest(SERVICE, version, image, manifests.CANARY, **changes))
        workloads = self.world.workloads
        assert isinstance(workloads, MemoryWorkloads)
        workloads.put(self.backend(version))
        return path

    def backend(self, version: str) -> Backend:
        release = load(self.folder / "releases" / SERVICE / f"{version}.yaml")
        return Backend.of(release, KubernetesTarget(namespace="shop"))

    def head(self) -> Head:
        stored = self.world.journal.load()
        return read_head(stored.content) if stored is not None else Head(service=SERVICE)

    def save(self, head: Head) -> None:
        stored = self.world.journal.load()
        self.world.journal.save(json.loads(json.dumps(head.to_json())), stored.version if stored is not None else None)

    def attempt(self, version: str) -> Attempt:
        path = f"releases/{SERVICE}/{version}.yaml"
        return Attempt(
            id="r1",
            outcome=Outcome.RUNNING,
            kind="forward",
            candidate=self.backend(version),
            manifest=path,
            began=NOW,
        )

    def commit(self, version: str) -> None:
        """What the Rollout writes when it completes."""
        route = load(self.folder / "releases" / SERVICE / f"{version}.yaml").route
        self.save(journal.committed(self.head(), self.attempt(version), route, NOW))

    def release(self, version: str, standby: str | None = None, **changes: Any) -> None:
        """A whole release: manifest, configuration, commit, history."""
        entry = {"manifest": self.manifest(version, **changes)}
        if standby is not None:
            entry["standby"] = f"releases/{SERVICE}/{standby}.yaml"
        self.declare({SERVICE: entry, "payments": {"manifest": "p.yaml"}})
        self.commit(version)
        self.history.insert(0, StackUpdate(NOW, True, "", {SERVICE: entry}))

    def plan(self, to: str | None = None, answers: Answers = NO_ANSWERS) -> Plan:
        history: Future[list[StackUpdate]] = Future()
        history.set_result(self.history)
        return plan(SERVICE, self.engine, history, Stack.read(self.folder, "prod", SERVICE), to, answers)
