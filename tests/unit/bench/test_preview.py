"""The cost of `pulumi preview`: what is compared with what, and which figures come out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import preview
from sandbox.stage.project import Result


class Stage:
    """A stage that declares into a folder and whose preview only ends."""

    def __init__(self, folder: Path, stack: str, namespace: str, variables: dict[str, str]) -> None:
        self.folder, self.namespace = folder, namespace
        self.configured: list[str] = []
        self.destroyed = False
        MADE.append(self)

    def create(self) -> None:
        self.folder.mkdir(parents=True)

    def configure(self, service: str, manifest: str) -> None:
        assert (self.folder / manifest).is_file()
        self.configured.append(service)

    def preview(self) -> Result:
        return Result(0, "")

    def destroy(self) -> None:
        self.destroyed = True


MADE: list[Stage] = []


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> list[Stage]:
    MADE.clear()
    monkeypatch.setattr(preview, "Stage", Stage)
    return MADE


def costs(monkeypatch: pytest.MonkeyPatch, *figures: tuple[float, float]) -> None:
    """CPU and wall seconds of each preview, in turn."""
    left = list(figures)
    monkeypatch.setattr(preview, "_cost", lambda _: left.pop(0))


def test_the_same_services_are_declared_as_components_and_as_raw_resources(
    stages: list[Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    costs(monkeypatch, (1.0, 1.0), (1.0, 1.0))
    seen: dict[str, Any] = {}

    def keep(self: Stage) -> None:
        self.destroyed = True
        if (self.folder / "services.json").exists():
            seen["raw"] = json.loads((self.folder / "services.json").read_text())
            seen["program"] = (self.folder / "__main__.py").read_text()

    monkeypatch.setattr(Stage, "destroy", keep)
    preview._measure(3, "registry.example/app@sha256:" + "a" * 64, {}, 1)
    ours, raw = stages
    assert ours.configured == [one["name"] for one in seen["raw"]] == ["service-0", "service-1", "service-2"]
    assert {one["namespace"] for one in seen["raw"]} == {raw.namespace} != {ours.namespace}
    compile(seen["program"], "__main__.py", "exec")


def test_the_figures_are_the_medians_of_the_runs_each_beside_a_raw_one(
    stages: list[Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    costs(monkeypatch, (3.0, 9.0), (1.0, 5.0), (2.0, 7.0), (1.5, 5.0), (9.0, 8.0), (1.2, 5.0))
    found = preview._measure(1, "registry.example/app@sha256:" + "a" * 64, {}, 3)
    assert {name: found[name] for name in preview.COLUMNS} == {
        "services": 1,
        "cpu_seconds": 3.0,
        "wall_seconds": 8.0,
        "raw_cpu_seconds": 1.2,
    }
    assert all(stage.destroyed for stage in stages)


def test_both_stages_go_although_a_preview_fails(stages: list[Stage], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "preview", lambda self: Result(255, "error: no cluster"))
    with pytest.raises(SystemExit, match="error: no cluster"):
        preview._measure(1, "registry.example/app@sha256:" + "a" * 64, {}, 1)
    assert [stage.destroyed for stage in stages] == [True, True]


def test_the_time_of_processes_that_the_preview_starts_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter((10.0, 12.5))
    monkeypatch.setattr(preview, "_spent", lambda: next(spent))
    cpu, wall = preview._cost(lambda: Result(0, ""))
    assert cpu == 2.5
    assert wall >= 0.0


def test_what_ended_children_have_used_is_counted() -> None:
    import subprocess

    before = preview._spent()
    subprocess.run([sys.executable, "-c", "sum(range(2_000_000))"], check=True)
    assert preview._spent() > before
