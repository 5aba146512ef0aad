"""The type tokens: each is written down in one file, and a URN leads back to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.release import tokens

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    "urn",
    [
        tokens.ROLLOUT,
        f"urn:pulumi:prod::shop::{tokens.ROLLOUT}::checkout",
        f"urn:pulumi:prod::shop::{tokens.SERVICE}${tokens.CANARY}${tokens.ROLLOUT}::a::b",
    ],
)
def test_the_type_of_a_resource_is_its_own_and_not_its_parents(urn: str) -> None:
    assert tokens.type_of(urn) == "slipway:index:Rollout"


def test_a_urn_without_its_parents_keeps_stack_project_and_name() -> None:
    inside = f"urn:pulumi:prod::shop::{tokens.SERVICE}${tokens.RELEASE}::a::b"
    assert tokens.without_parents(inside) == f"urn:pulumi:prod::shop::{tokens.RELEASE}::a::b"
    assert tokens.without_parents(tokens.RELEASE) == tokens.RELEASE


def test_no_other_source_file_spells_a_token_out() -> None:
    rooms = [path for room in ("components", "policies", "slipway") for path in (ROOT / room).rglob("*.py")]
    spelling = [
        str(path.relative_to(ROOT))
        for path in rooms
        if '"slipway:index:' in path.read_text() and path.name != "tokens.py"
    ]
    assert spelling == []
