from __future__ import annotations

import pytest

from slipway.release.evidence import builders

GITHUB = "https://forge.example/o/r/.github/workflows/release.yml"


@pytest.mark.parametrize(
    ("pattern", "builder", "same"),
    [
        (f"{GITHUB}@refs/tags/v1", f"{GITHUB}@refs/tags/v1", True),
        (f"{GITHUB}@refs/tags/v1", f"{GITHUB}@refs/tags/v10", False),
        (f"{GITHUB}@refs/tags/*", f"{GITHUB}@refs/tags/v1", True),
        (f"{GITHUB}@refs/tags/v*", f"{GITHUB}@refs/tags/v1.2", True),
        (f"{GITHUB}@refs/tags/*", f"{GITHUB}@refs/tags/", False),
        (f"{GITHUB}@refs/tags/*", f"{GITHUB}@refs/heads/main", False),
        (f"{GITHUB}@refs/tags/*", "https://forge.example/o/other/.github/workflows/release.yml@refs/tags/v1", False),
        (f"{GITHUB}@refs/tags/*", f"{GITHUB}@refs/tags/*", True),
        ("https://gitlab.example/g/p/-/runners/*", "https://gitlab.example/g/p/-/runners/42", True),
        ("https://gitlab.example/g/p/-/runners/*", "https://gitlab.example/g/p2/-/runners/42", False),
        ("https://forge.example/o/r/actions/runs/*", "https://forge.example/o/r/actions/runs/1/attempts/1", True),
    ],
)
def test_a_builder_is_exact_or_open_at_its_end(pattern: str, builder: str, same: bool) -> None:
    assert builders.matches(builders.check(pattern), builder) is same


@pytest.mark.parametrize(
    "pattern",
    [
        "*",
        "https://*",
        "https://forge.example/*",
        "https://forge.example/o/*",
        "https://forge.example/o/r*",
        "https://forge.example@*",
        "https://forge.example/*/release.yml@refs/tags/v1",
        f"{GITHUB}@refs/*/v1",
        f"{GITHUB}@refs/*/*",
        "forge.example/o/r/release.yml@refs/tags/*",
        "refs/tags/*",
    ],
)
def test_a_pattern_that_matches_nothing_or_everything_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="can match no builder"):
        builders.check(pattern)
