"""The stack's file: found as the CLI finds it, replaced whole, put back byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.cli.stack_file import StackFile, config_of, project_file, services_of, stack_file, stacks_of
from slipway.release.errors import EngineError

BEFORE = b"# mine\r\nconfig:\n  releases:services: {checkout: {manifest: 1.yaml}}  # tail"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: releases\nruntime: python\nconfig:\n  services: {type: object}\n")
    (tmp_path / "Pulumi.prod.yaml").write_bytes(BEFORE)
    return tmp_path


def test_the_project_is_found_from_a_folder_below_it(project: Path) -> None:
    (project / "releases" / "checkout").mkdir(parents=True)
    assert project_file(project / "releases" / "checkout") == project / "Pulumi.yaml"


def test_without_a_project_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="--cwd"):
        project_file(tmp_path)


def test_a_qualified_stack_has_the_file_of_its_last_name(project: Path) -> None:
    assert stack_file(project, "organization/releases/prod") == project / "Pulumi.prod.yaml"


@pytest.mark.parametrize("line", ["stackConfigDir: stacks", "config: stacks"])
def test_the_folder_of_the_stacks_may_be_another(tmp_path: Path, line: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(f"name: releases\n{line}\n")
    assert stack_file(tmp_path, "prod") == tmp_path / "stacks" / "Pulumi.prod.yaml"


def test_the_stacks_of_a_project_are_listed(project: Path) -> None:
    (project / "Pulumi.a-b.yaml").touch()
    assert stacks_of(project) == ["a-b", "prod"]


def test_the_entries_of_the_services_are_read(project: Path) -> None:
    path = project / "Pulumi.prod.yaml"
    assert services_of(config_of(path), path) == {"checkout": {"manifest": "1.yaml"}}


@pytest.mark.parametrize(
    "text", ["config: [1]", "config: {'releases:services': {checkout: 1}}", "config: {}", "a: [", ""]
)
def test_a_file_that_makes_no_sense_is_one_clear_line(project: Path, text: str) -> None:
    path = project / "Pulumi.prod.yaml"
    path.write_text(text)
    with pytest.raises(EngineError, match=r"^Pulumi\.prod\.yaml.*") as error:
        services_of(config_of(path), path)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(project: Path) -> None:
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml"):
        StackFile.read(stack_file(project, "dev"))


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
