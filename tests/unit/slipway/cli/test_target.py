"""Which namespace a command is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.cli.target import namespace_of
from slipway.release.errors import EngineError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))  # No Pulumi: these commands work without it.
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  releases:namespace: shop\n")
    return tmp_path


def test_the_one_that_is_named_wins_and_needs_no_project(tmp_path: Path) -> None:
    assert namespace_of(tmp_path, None, "mine") == "mine"


def test_a_stack_names_it(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  releases:namespace: dev\n")
    assert namespace_of(project, "dev", None) == "dev"


def test_the_only_stack_names_it(project: Path) -> None:
    assert namespace_of(project, None, None) == "shop"


def test_of_several_stacks_none_is_guessed(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  releases:namespace: dev\n")
    with pytest.raises(EngineError, match=r"--namespace, or the stack with --stack \(here are dev, prod\)"):
        namespace_of(project, None, None)


def test_a_stack_without_a_namespace_is_named(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("config: {}\n")
    with pytest.raises(EngineError, match=r"Pulumi\.prod\.yaml has no releases:namespace"):
        namespace_of(project, "prod", None)
