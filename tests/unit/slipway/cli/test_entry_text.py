"""The entry of a service in the text of a stack's file."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slipway.cli.entry_text import with_entry
from slipway.release.project_files import SERVICES

STACK = """\
# Ours.
config:
  releases:namespace: shop
  releases:services:
    checkout:   # the shop's till
      manifest: releases/2.yaml
      standby: "releases/1.yaml"
    cart: {manifest: cart.yaml}
"""
BEFORE = {"manifest": "releases/2.yaml", "standby": "releases/1.yaml"}
PATHS = st.from_regex(r"[a-z0-9][a-z0-9 ._/#:-]{0,20}", fullmatch=True)


def entry_in(text: str) -> Any:
    return yaml.safe_load(text)["config"][SERVICES]["checkout"]


def test_values_change_and_nothing_else() -> None:
    after = {"manifest": "releases/1.yaml", "standby": "releases/2.yaml"}
    made = with_entry(STACK, "Pulumi.prod.yaml", "checkout", BEFORE, after)
    assert made is not None
    assert made.splitlines()[5:7] == ["      manifest: releases/1.yaml", "      standby: releases/2.yaml"]
    assert [*made.splitlines()[:5], *made.splitlines()[7:]] == [*STACK.splitlines()[:5], *STACK.splitlines()[7:]]


@given(manifest=PATHS, standby=PATHS)
def test_whatever_the_paths_are_they_are_read_back(manifest: str, standby: str) -> None:
    after = {"manifest": manifest, "standby": standby}
    made = with_entry(STACK, "Pulumi.prod.yaml", "checkout", BEFORE, after)
    assert made is not None
    assert entry_in(made) == after


def test_a_standby_is_added() -> None:
    before = {"manifest": "cart.yaml"}
    made = with_entry(STACK, "Pulumi.prod.yaml", "cart", before, {"manifest": "next.yaml", "standby": "cart.yaml"})
    assert made is not None
    assert yaml.safe_load(made)["config"][SERVICES]["cart"] == {"manifest": "next.yaml", "standby": "cart.yaml"}


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (STACK, {"manifest": "releases/1.yaml"}),
        (STACK.replace("releases/2.yaml", "|\n        a"), {**BEFORE, "manifest": "b"}),
    ],
    ids=["a-value-goes", "a-text-of-several-lines"],
)
def test_what_is_not_certain_is_left_to_the_engine(text: str, after: dict[str, str]) -> None:
    assert with_entry(text, "Pulumi.prod.yaml", "checkout", BEFORE, after) is None
