"""The flags of a stack, read from its own file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from slipway.release.flags.of_stack import flags_of_stack
from tests.flags import FLAGS, text


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: releases\nruntime: python\n")
    (tmp_path / "flags.yaml").write_text(text())
    return tmp_path


def stack(project: Path, config: dict[str, object]) -> None:
    (project / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))


def test_the_files_that_the_stack_names_are_read(project: Path) -> None:
    stack(project, {"releases:flags": {"files": ["flags.yaml"]}})
    flags, problem = flags_of_stack(project, "prod")
    assert flags is not None
    assert (list(flags.flags), problem) == (list(FLAGS), "")


def test_a_stack_without_flags_has_none(project: Path) -> None:
    stack(project, {"releases:services": {}})
    assert flags_of_stack(project, "prod") == (None, "")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"files": ["missing.yaml"]}, "missing.yaml"),
        ({"file": ["flags.yaml"]}, "releases:flags"),
        ("flags.yaml", "releases:flags"),
        ({"files": ["Pulumi.yaml"]}, "Pulumi.yaml"),
    ],
    ids=["a file that is not there", "a slip", "a text", "another file"],
)
def test_what_cannot_be_read_is_said_in_one_line(project: Path, given: object, words: str) -> None:
    stack(project, {"releases:flags": given})
    flags, problem = flags_of_stack(project, "prod")
    assert flags is None
    assert words in problem
    assert "\n" not in problem


def test_a_stack_without_a_file_is_said(project: Path) -> None:
    flags, problem = flags_of_stack(project, "prod")
    assert flags is None
    assert "Pulumi.prod.yaml" in problem
