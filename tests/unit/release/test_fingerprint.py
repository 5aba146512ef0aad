from __future__ import annotations

from typing import Any

import pytest
import yaml

from release.fingerprint import fingerprint_of
from release.manifest.load import parse
from release.manifest.release import Release
from tests.vouched import content


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
