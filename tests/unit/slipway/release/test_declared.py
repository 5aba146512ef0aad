"""A manifest of the project: read below it, through no symbolic link, with the digest of its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from slipway.release.declared import read_manifest
from slipway.release.errors import InputError
from slipway.release.evidence.errors import EvidenceError
from slipway.release.manifest.load import parse
from slipway.release.revision import revision_of
from slipway.release.strategy import resolve
from tests.manifests import text


def test_a_manifest_is_read_with_its_strategy_resolved_and_its_digest(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text(text(strategy={"kind": "auto"}))
    declared = read_manifest(tmp_path, "1.yaml")
    assert declared.path == "1.yaml"
    assert declared.sha256 == hashlib.sha256((tmp_path / "1.yaml").read_bytes()).hexdigest()
    assert declared.release == resolve(parse(text(strategy={"kind": "auto"}), "1.yaml"))
    assert declared.release.strategy.kind == "canary"
    assert declared.revision == revision_of(declared.release)


@pytest.mark.parametrize("path", ["../1.yaml", "/etc/passwd", "a/../../1.yaml", "link.yaml", "linked/1.yaml"])
def test_nothing_outside_of_the_project_is_read_whatever_leads_there(tmp_path: Path, path: str) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    project.mkdir()
    for folder in (outside, tmp_path):
        (folder / "1.yaml").write_text(text())
    (project / "link.yaml").symlink_to(outside / "1.yaml")
    (project / "linked").symlink_to(outside)
    with pytest.raises(EvidenceError) as error:
        read_manifest(project, path)
    assert error.value.code == "outside"


def test_a_manifest_that_makes_no_sense_is_an_error_with_every_problem(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text("apiVersion: slipway/v1\n")
    with pytest.raises(InputError) as error:
        read_manifest(tmp_path, "1.yaml")
    assert len(error.value.problems) > 3
