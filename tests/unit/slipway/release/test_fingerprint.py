from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.release.evidence.migration_files import read_migrations
from slipway.release.evidence.references import Sources
from slipway.release.fingerprint import fingerprint_of
from slipway.release.manifest.load import parse
from slipway.release.manifest.release import Release
from tests.vouched import content, vouch


def _release(**changes: Any) -> Release:
    return parse(yaml.safe_dump(content(**changes)), "manifest")


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "1.0.1"},
        {"workload__env": {"LOG": "debug"}},
        {"workload__replicas": 4},
        {"scope__author": "bob"},
        {"scope__reach": "internal"},
        {"rollback__maxMinutes": 6},
        {"strategy": {"kind": "rolling", "batch": 0.5, "bake": "1s"}},
        {"owner__team": "others"},
        {"migrations": []},
    ],
    ids=str,
)
def test_whatever_is_changed_needs_a_new_word(changes: dict[str, Any]) -> None:
    assert fingerprint_of(_release(**changes)) != fingerprint_of(_release())


@pytest.mark.parametrize(
    "changes", [{"evidence": {"tests": ["junit.xml"]}}, {"approvals": []}, {"scope__reach": "all-users"}], ids=str
)
def test_evidence_and_what_is_so_anyway_need_none(changes: dict[str, Any]) -> None:
    assert fingerprint_of(_release(**changes)) == fingerprint_of(_release())


def test_a_field_that_a_later_version_adds_voids_nobodys_word() -> None:
    class Later(Release):
        novelty: str = "off"

    later = Later.model_validate(content(), by_alias=True, by_name=False)
    assert fingerprint_of(later) == fingerprint_of(_release())
    assert fingerprint_of(later.model_copy(update={"novelty": "on"})) != fingerprint_of(_release())


def test_what_the_scripts_of_its_migrations_say_is_part_of_a_release(tmp_path: Path) -> None:
    it = vouch(tmp_path)

    def fingerprint() -> str:
        return fingerprint_of(it.release(), read_migrations(it.release(), Sources(it.root)))

    before = fingerprint()
    assert fingerprint() == before
    for name in ("migrations/0042.up.sql", "migrations/0042.down.sql"):
        (tmp_path / name).write_text((tmp_path / name).read_text() + "-- and one more thing\n")
        assert fingerprint() != before
        before = fingerprint()
    (tmp_path / "migrations/0042.up.sql").unlink()
    assert fingerprint() != before


def test_a_release_without_migrations_has_the_fingerprint_that_it_had(tmp_path: Path) -> None:
    release = _release(migrations=[])
    assert fingerprint_of(release, read_migrations(release, Sources(tmp_path))) == fingerprint_of(release)
