from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import language_pb2

from sandbox.standins.errors import InvalidInputError, StandInError
from sandbox.standins.language_python.runtime import resolve


def info(root: Path, program: Path | None = None, **options: Any) -> language_pb2.ProgramInfo:
    struct = json_format.ParseDict(options, struct_pb2.Struct())
    return language_pb2.ProgramInfo(
        root_directory=str(root), program_directory=str(program or root), entry_point=".", options=struct
    )


def make_virtualenv(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch(0o755)
    return folder


def test_a_virtualenv_is_relative_to_the_root_folder(tmp_path: Path) -> None:
    make_virtualenv(tmp_path / "env")
    runtime = resolve(info(tmp_path, tmp_path / "inner", virtualenv="env"))
    assert runtime.interpreter() == str(tmp_path / "env" / "bin" / "python")


def test_an_absolute_virtualenv_is_taken_as_it_is(tmp_path: Path) -> None:
    make_virtualenv(tmp_path / "env")
    assert resolve(info(tmp_path / "else", virtualenv=str(tmp_path / "env"))).virtualenv == tmp_path / "env"


def test_a_virtualenv_that_is_none_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(StandInError, match=r"env.*pulumi install"):
        resolve(info(tmp_path, virtualenv="env")).interpreter()


def test_without_one_the_python_on_path_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_PYTHON_CMD", raising=False)
    assert resolve(info(tmp_path)).interpreter() == shutil.which("python3")


def test_the_python_on_path_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python9").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("PULUMI_PYTHON_CMD", "python9")
    assert resolve(info(tmp_path)).interpreter() == str(tmp_path / "python9")
    monkeypatch.setenv("PULUMI_PYTHON_CMD", "python10")
    with pytest.raises(StandInError, match="no Python on PATH"):
        resolve(info(tmp_path)).interpreter()


def test_a_lock_file_above_the_program_decides_the_toolchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    program = tmp_path / "a" / "b"
    program.mkdir(parents=True)
    assert resolve(info(program)).toolchain == "pip"
    (tmp_path / "uv.lock").touch()
    runtime = resolve(info(program))
    assert (runtime.toolchain, runtime.virtualenv) == ("uv", tmp_path / ".venv")
    assert resolve(info(program, toolchain="pip")).toolchain == "pip"


def test_a_plugin_with_pip_has_an_environment_of_its_own_by_default(tmp_path: Path) -> None:
    assert resolve(info(tmp_path, toolchain="pip"), plugin=True).virtualenv == tmp_path / "venv"
    assert resolve(info(tmp_path, toolchain="pip")).virtualenv is None


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"toolchain": "conda"}, "pip, uv, poetry"),
        ({"typechecker": "pyre"}, "mypy, pyright"),
        ({"virtualenv": 3}, "must be a string"),
    ],
)
def test_an_option_that_no_pulumi_takes_is_refused(tmp_path: Path, options: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInputError, match=text):
        resolve(info(tmp_path, **options))


def test_the_environment_is_activated_as_by_its_own_script(tmp_path: Path) -> None:
    runtime = resolve(info(tmp_path, virtualenv="env"))
    found = runtime.environment({"PATH": "/bin", "PYTHONHOME": "/x", "VIRTUAL_ENV": "/other", "A": "1"})
    env = str(tmp_path / "env")
    assert found == {"PATH": f"{env}/bin:/bin", "VIRTUAL_ENV": env, "A": "1"}
    assert resolve(info(tmp_path)).environment({"PYTHONHOME": "/x"}) == {"PYTHONHOME": "/x"}
