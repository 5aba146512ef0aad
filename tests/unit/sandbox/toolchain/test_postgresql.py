"""Which packages PostgreSQL takes on a machine that has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.toolchain.postgresql import missing_packages

KNOWN = """case "$*" in
*update) touch "$LISTS" ;;
*install*) if [ -e "$LISTS" ]; then echo "Inst libpq5 (15.20)"; echo "Inst postgresql-15 (15.20)"; fi ;;
esac
"""


def apt_get(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "apt-get"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("LISTS", str(folder / "lists"))


@pytest.mark.parametrize("fetched", [True, False])
def test_what_apt_would_install_is_named_and_its_lists_are_fetched_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: bool
) -> None:
    apt_get(tmp_path, KNOWN, monkeypatch)
    if fetched:
        (tmp_path / "lists").touch()
    assert missing_packages() == ("libpq5", "postgresql-15")


def test_a_distribution_without_postgresql_is_an_error_with_what_apt_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt_get(tmp_path, "echo 'E: Unable to locate package postgresql' >&2; exit 100\n", monkeypatch)
    with pytest.raises(SandboxError) as error:
        missing_packages()
    assert "apt-get knows no postgresql" in str(error.value)
    assert "Unable to locate" in "\n".join(error.value.tail)
