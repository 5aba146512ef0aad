"""The stack's file: replaced whole, put back byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.cli.stack_file import ABANDONED, StackFile
from slipway.release.errors import EngineError

BEFORE = b"# mine\r\nconfig:\n  releases:services: {checkout: {manifest: 1.yaml}}  # tail"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: releases\nruntime: python\nconfig:\n  services: {type: object}\n")
    (tmp_path / "Pulumi.prod.yaml").write_bytes(BEFORE)
    return tmp_path


def test_a_missing_file_is_named(project: Path) -> None:
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml"):
        StackFile.read(project / "Pulumi.dev.yaml")


def test_a_draft_that_is_not_used_leaves_nothing_behind(project: Path) -> None:
    file = StackFile.read(project / "Pulumi.prod.yaml")
    with file.draft() as draft:
        draft.write_text("config: {}")
    assert sorted(path.name for path in project.iterdir()) == ["Pulumi.prod.yaml", "Pulumi.yaml"]
    assert file.path.read_bytes() == BEFORE


def test_a_draft_takes_the_place_with_the_rights_of_the_file(project: Path) -> None:
    path = project / "Pulumi.prod.yaml"
    path.chmod(0o640)
    file = StackFile.read(path)
    with file.draft() as draft:
        draft.write_text("config: {}")
        file.replace_by(draft)
    assert path.read_text() == "config: {}"
    assert path.stat().st_mode & 0o777 == 0o640


def test_it_is_put_back_byte_for_byte(project: Path) -> None:
    file = StackFile.read(project / "Pulumi.prod.yaml")
    with file.draft() as draft:
        draft.write_text("config: {}")
        file.replace_by(draft)
        assert file.put_back()
    assert file.path.read_bytes() == BEFORE
    assert sorted(path.name for path in project.iterdir()) == ["Pulumi.prod.yaml", "Pulumi.yaml"]


def test_a_file_that_somebody_edited_is_not_replaced(project: Path) -> None:
    file = StackFile.read(project / "Pulumi.prod.yaml")
    file.path.write_text("config: {mine: 1}")
    with file.draft() as draft, pytest.raises(EngineError, match="edited in between"):
        file.replace_by(draft)
    assert file.path.read_text() == "config: {mine: 1}"


def test_a_file_that_somebody_edited_is_not_put_back(project: Path) -> None:
    file = StackFile.read(project / "Pulumi.prod.yaml")
    with file.draft() as draft:
        draft.write_text("config: {}")
        file.replace_by(draft)
    file.path.write_text("config: {mine: 1}")
    assert not file.put_back()
    assert file.path.read_text() == "config: {mine: 1}"


def test_the_draft_of_a_killed_command_is_taken_away_and_that_of_a_living_one_stays(project: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    killed, recent, living = (
        project / f".Pulumi.prod.draft.{owner}.yaml" for owner in (ended.pid, f"{ended.pid}1", os.getppid())
    )
    for draft in (killed, recent, living):
        draft.write_text("config: {}")
    long_ago = project.stat().st_mtime - 2 * ABANDONED
    for draft in (killed, living):
        os.utime(draft, (long_ago, long_ago))
    with StackFile.read(project / "Pulumi.prod.yaml").draft():
        assert not killed.exists()
        assert recent.exists()
        assert living.exists()
