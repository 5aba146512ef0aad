"""The command line: exit codes, errors, and what is imported when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from slipway.cli.main import COMMANDS, cli
from slipway.release.errors import ReleaseRefused


def failing(error: Exception) -> click.Command:
    from slipway.cli.options import with_json

    @click.command()
    @with_json
    def command(as_json: bool) -> None:
        raise error

    return command


def invoke(monkeypatch: pytest.MonkeyPatch, error: Exception, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr("slipway.cli.status.status", failing(error))
    result = CliRunner().invoke(cli, ["status", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"attest", "drill", "policy", "sandbox", "slo"}))
def test_every_command_speaks_json(name: str) -> None:
    assert "--json" in CliRunner().invoke(cli, [name, "--help"]).stdout


def test_a_refusal_is_one_line_on_stderr_and_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke(monkeypatch, ReleaseRefused("not now")) == (1, "", "error: not now\n")


def test_with_json_a_refusal_is_json_too(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = invoke(monkeypatch, ReleaseRefused("not now"), "--json")
    assert (code, json.loads(out), err) == (1, {"ok": False, "error": "not now"}, "error: not now\n")


def test_what_nobody_expected_is_one_line_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLIPWAY_DEBUG", raising=False)
    code, _, err = invoke(monkeypatch, RuntimeError("odd"))
    assert (code, err) == (1, "error: unexpected RuntimeError: odd (SLIPWAY_DEBUG=1 shows where)\n")


def test_a_wrong_option_is_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = invoke(monkeypatch, RuntimeError("never reached"), "--wrong")
    assert code == 2
    assert "--wrong" in err


def test_an_unknown_command_is_exit_code_2() -> None:
    assert CliRunner().invoke(cli, ["deploy"]).exit_code == 2


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from slipway.cli.main import cli; cli(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert not loaded & {"pulumi", "lightkube", "pydantic", "sandbox", "rollout", "yaml"}


def test_without_the_cli_of_pulumi_the_remedy_is_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    result = CliRunner(env={"PATH": str(tmp_path)}).invoke(cli, ["recover", "--cwd", str(tmp_path)])
    assert result.exit_code == 1
    assert "no `pulumi` on PATH" in result.stderr


def test_without_an_answer_nothing_is_rolled_back(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["rollback", "--cwd", str(tmp_path), "checkout", "--stack", "prod"])
    assert result.exit_code == 1
    assert "no Pulumi.yaml" in result.stderr


@pytest.mark.parametrize("arguments", [("policy", "list"), ("--help",), ("policy", "list", "--json")])
def test_a_reader_that_went_away_is_no_error_message(arguments: tuple[str, ...]) -> None:
    """As with `slipway status | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli.main", *arguments], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_exit_codes_of_the_program_are_those_of_the_commands(tmp_path: Path) -> None:
    for arguments, code in ((["--version"], 0), (["gates", "-s", "x", "-C", str(tmp_path)], 1), (["no-such"], 2)):
        done = subprocess.run([sys.executable, "-m", "slipway.cli.main", *arguments], capture_output=True, check=False)
        assert done.returncode == code
