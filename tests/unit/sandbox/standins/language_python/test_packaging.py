"""Generated SDKs in a Python program's requirements, and the generator that makes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pulumi.runtime.proto import language_pb2

from sandbox.errors import SandboxError
from sandbox.standins import codegen
from sandbox.standins.errors import StandInError
from sandbox.standins.language_python import packaging
from sandbox.standins.language_python.runtime import PythonRuntime


def runtime(root: Path, toolchain: str = "pip") -> PythonRuntime:
    return PythonRuntime(toolchain=toolchain, root=root, program=root, virtualenv=None, typechecker=None)


def request(root: Path) -> language_pb2.LinkRequest:
    (root / "sdks/slipway/pulumi_slipway").mkdir(parents=True, exist_ok=True)
    (root / "sdks/slipway/pulumi_slipway/__init__.py").write_text("")
    return language_pb2.LinkRequest(packages=[language_pb2.LinkRequest.LinkDependency(path="sdks/slipway")])


def test_an_sdk_becomes_a_requirement_once(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pulumi>=3")
    for _ in range(2):
        told = packaging.link(request(tmp_path), runtime(tmp_path))
        assert "import pulumi_slipway" in told
    assert (tmp_path / "requirements.txt").read_text() == "pulumi>=3\nsdks/slipway\n"


def test_other_toolchains_are_told_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StandInError, match="run `uv add sdks/slipway`"):
        packaging.link(request(tmp_path), runtime(tmp_path, "uv"))


def test_a_folder_without_an_sdk_is_named(tmp_path: Path) -> None:
    wanted = language_pb2.LinkRequest(packages=[language_pb2.LinkRequest.LinkDependency(path="empty")])
    with pytest.raises(StandInError, match="empty holds no generated SDK"):
        packaging.link(wanted, runtime(tmp_path))


def test_a_generator_that_cannot_be_built_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> Path:
        raise SandboxError("codegen", "Go is not installed", "install Go")

    monkeypatch.setattr(codegen, "program", fail)
    with pytest.raises(StandInError, match="Go is not installed"):
        packaging.generate(language_pb2.GeneratePackageRequest())


def test_what_the_generator_says_is_the_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    generator = tmp_path / "generator"
    generator.write_text("#!/bin/sh\necho no such type >&2\nexit 1\n")
    generator.chmod(0o755)
    monkeypatch.setattr(codegen, "program", lambda name: generator)
    with pytest.raises(StandInError, match="the SDK could not be generated: no such type"):
        packaging.generate(language_pb2.GeneratePackageRequest())
