from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from slipway.release.evidence.files import read_below
from slipway.release.evidence.references import Sources
from tests.unit.slipway.release.evidence.support import refused


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("outside")
    root = tmp_path / "project"
    (root / "evidence").mkdir(parents=True)
    (root / "evidence" / "junit.xml").write_text("<x/>")
    return root


def test_a_file_below_the_root_is_read_with_its_hash(project: Path) -> None:
    content = read_below(project, "evidence/junit.xml", 100)
    assert content.data == b"<x/>"
    assert content.sha256 == hashlib.sha256(b"<x/>").hexdigest()


@pytest.mark.parametrize(
    "reference",
    ["../secret", "evidence/../../secret", "/etc/hostname", "", " ", ".", "a\\b", "a\0b", "evidence/../junit.xml"],
)
def test_a_reference_that_leaves_the_project_is_refused(project: Path, reference: str) -> None:
    refused("outside", lambda: read_below(project, reference, 100))


def test_a_symbolic_link_is_refused_as_file_and_as_folder(project: Path) -> None:
    (project / "link.xml").symlink_to(project.parent / "secret")
    (project / "folder").symlink_to(project.parent)
    refused("outside", lambda: read_below(project, "link.xml", 100))
    refused("outside", lambda: read_below(project, "folder/secret", 100))


def test_a_missing_file_is_told_apart(project: Path) -> None:
    refused("missing", lambda: read_below(project, "evidence/none.xml", 100))
    refused("missing", lambda: read_below(project, "nowhere/none.xml", 100))


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(project: Path) -> None:
    os.mkfifo(project / "pipe")
    refused("unreadable", lambda: read_below(project, "pipe", 100))
    refused("unreadable", lambda: read_below(project, "evidence", 100))


def test_a_file_above_the_limit_is_refused_by_its_size_without_being_read(project: Path) -> None:
    with (project / "huge").open("wb") as file:
        file.truncate(1 << 40)  # sparse: a tebibyte that takes no space
    refused("too-large", lambda: read_below(project, "huge", 1000))


def test_an_empty_file_is_refused(project: Path) -> None:
    (project / "empty").touch()
    refused("empty", lambda: read_below(project, "empty", 100))


def test_a_name_that_is_too_long_is_refused(project: Path) -> None:
    refused("unreadable", lambda: read_below(project, "a" * 5000, 100))


def test_references_are_looked_up_beside_the_manifest_and_then_in_the_project(project: Path) -> None:
    (project / "releases").mkdir()
    (project / "releases" / "junit.xml").write_text("beside")
    sources = Sources(project, "releases")
    assert sources.read("junit.xml", 100).path == "releases/junit.xml"
    assert sources.read("evidence/junit.xml", 100).path == "evidence/junit.xml"
    refused("missing", lambda: sources.read("none.xml", 100))
    refused("outside", lambda: sources.read("../evidence/junit.xml", 100))
