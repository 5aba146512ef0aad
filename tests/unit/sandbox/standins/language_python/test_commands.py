"""Programs, plugins, installs and prompts: what is asked for becomes which command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import language_pb2

from sandbox.standins.errors import StandInError
from sandbox.standins.language_python import install, plugin, program, prompts
from sandbox.standins.language_python.runtime import PythonRuntime


def run_request(**more: Any) -> language_pb2.RunRequest:
    info = language_pb2.ProgramInfo(root_directory="/place", program_directory="/place/in", entry_point=".")
    base: dict[str, Any] = {
        "monitor_address": "127.0.0.1:1",
        "project": "shop",
        "stack": "dev",
        "pwd": "/place/in",
        "dryRun": True,
        "parallel": 8,
        "organization": "org",
        "args": ["one", "two"],
        "config": {"shop:password": "s3cret"},
        "configSecretKeys": ["shop:password"],
        "info": info,
    }
    return language_pb2.RunRequest(**(base | more))


def plugin_request(folder: Path, kind: str = "resource") -> language_pb2.RunPluginRequest:
    info = language_pb2.ProgramInfo(root_directory=str(folder), program_directory=str(folder), entry_point=".")
    env = ["A=1", "B=x=y", "A=2"]
    place = "/project"
    return language_pb2.RunPluginRequest(info=info, pwd=place, args=["127.0.0.1:1"], env=env, kind=kind)


def test_a_program_gets_every_setting() -> None:
    command = program.arguments(run_request(), "/sdk/exec", "127.0.0.1:2")
    assert command[:2] == ["-u", "/sdk/exec"]
    named = dict(zip(command[2:-3:2], command[3:-3:2], strict=True))
    assert named == {
        "--monitor": "127.0.0.1:1",
        "--engine": "127.0.0.1:2",
        "--project": "shop",
        "--root_directory": "/place",
        "--stack": "dev",
        "--pwd": "/place/in",
        "--dry_run": "true",
        "--parallel": "8",
        "--organization": "org",
    }
    assert command[-3:] == [".", "one", "two"]


def test_configuration_goes_by_the_environment_and_never_by_arguments() -> None:
    request = run_request()
    found = program.environment(request, {"A": "1"})
    assert json.loads(found["PULUMI_CONFIG"]) == {"shop:password": "s3cret"}
    assert json.loads(found["PULUMI_CONFIG_SECRET_KEYS"]) == ["shop:password"]
    assert found["A"] == "1"
    assert "s3cret" not in " ".join(program.arguments(request, "exec", ""))


@pytest.mark.parametrize(
    ("code", "cancelled", "bail", "error"),
    [
        (0, False, False, ""),
        (32, False, True, ""),
        (1, False, False, "program exited with non-zero exit code: 1"),
        (-9, False, False, "program was ended by signal 9"),
        (-15, True, False, "the program was cancelled"),
    ],
)
def test_an_exit_code_becomes_an_outcome(code: int, cancelled: bool, bail: bool, error: str) -> None:
    outcome = program.outcome(code, cancelled=cancelled)
    assert (outcome.bail, outcome.error) == (bail, error)


def test_a_provider_is_its_folder(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").touch()
    request = plugin_request(tmp_path)
    assert plugin.arguments(request) == ["-u", str(tmp_path), "127.0.0.1:1"]
    assert plugin.working_directory(request) == "/project"
    assert plugin.environment(request) == {"A": "2", "B": "x=y"}


def test_a_policy_pack_is_run_by_the_sdk_in_its_own_folder(tmp_path: Path) -> None:
    request = plugin_request(tmp_path, "analyzer")
    assert plugin.arguments(request) == ["-u", "-m", "pulumi.policy", "127.0.0.1:1", str(tmp_path)]
    assert plugin.working_directory(request) == str(tmp_path)


def test_a_packaged_plugin_is_run_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "widgets"\n')
    assert plugin.arguments(plugin_request(tmp_path)) == ["-u", "-m", "pulumi.run.plugin", "widgets", "127.0.0.1:1"]


def test_a_folder_with_nothing_to_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StandInError, match=r"neither __main__\.py nor a pyproject\.toml"):
        plugin.arguments(plugin_request(tmp_path))


def test_pip_makes_the_environment_before_it_installs(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").touch()
    steps = install.steps(PythonRuntime("pip", tmp_path, tmp_path, tmp_path / "venv", None))
    assert next(steps)[1:] == ["-m", "venv", str(tmp_path / "venv")]
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").touch()
    (last,) = steps
    assert last[0] == str(tmp_path / "venv" / "bin" / "python")
    assert last[-2:] == ["-r", "requirements.txt"]


def test_other_toolchains_install_by_themselves(tmp_path: Path) -> None:
    assert list(install.steps(PythonRuntime("uv", tmp_path, tmp_path, None, None))) == [["uv", "sync"]]
    poetry = list(install.steps(PythonRuntime("poetry", tmp_path, tmp_path, None, None)))
    assert poetry == [["poetry", "install", "--no-ansi"]]


def test_a_new_project_is_asked_for_what_is_open() -> None:
    def asked(**options: str) -> list[str]:
        request = language_pb2.RuntimeOptionsRequest()
        for key, value in options.items():
            request.info.options.fields[key].string_value = value
        return [each.key for each in prompts.answer(request).prompts]

    assert asked() == ["toolchain"]
    assert asked(toolchain="pip") == ["virtualenv"]
    assert asked(toolchain="pip", virtualenv="venv") == []
    assert asked(toolchain="uv") == []
