from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, cli

IMPORTED = "import sys; from click.testing import CliRunner; from cli.main import cli; CliRunner().invoke(cli, ['-h']);"


def test_help_names_every_command_without_importing_one() -> None:
    shown = CliRunner().invoke(cli, ["--help"])
    assert shown.exit_code == 0
    assert all(name in shown.output for name in COMMANDS)
    script = f"{IMPORTED} print([name for name in sys.modules if name.startswith('cli.') and name != 'cli.main'])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_in_the_table_exists_and_has_help(name: str) -> None:
    assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0


def test_an_unknown_command_is_an_error() -> None:
    refused = CliRunner().invoke(cli, ["nonsense"])
    assert refused.exit_code == 2
    assert "No such command" in refused.output
