"""The strategic merge; tests/integration/release holds it against kubectl's."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.strategic_merge import NoMergeKey, merge

SPEC: dict[str, Any] = {
    "containers": [{"name": "a", "env": [{"name": "X", "value": "1"}], "args": ["one", "two"]}],
    "securityContext": {"runAsNonRoot": True},
    "tolerations": [{"key": "a"}],
}
leaves = st.one_of(st.text(max_size=3), st.integers(), st.booleans())
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
maps = st.dictionaries(st.text(max_size=3), values, max_size=4)


def test_items_with_the_same_key_are_merged_and_others_are_appended() -> None:
    merged = merge(SPEC, {"containers": [{"name": "b"}, {"name": "a", "env": [{"name": "Y", "value": "2"}]}]})
    assert merged["containers"] == [
        {"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}], "args": ["one", "two"]},
        {"name": "b"},
    ]


def test_a_list_without_a_key_is_replaced_and_null_removes() -> None:
    merged = merge(SPEC, {"tolerations": [{"key": "b"}], "securityContext": {"runAsNonRoot": None}})
    assert merged["tolerations"] == [{"key": "b"}]
    assert merged["securityContext"] == {}


def test_null_in_what_is_new_is_left_out() -> None:
    assert merge({}, {"affinity": {"nodeAffinity": None, "podAffinity": {}}}) == {"affinity": {"podAffinity": {}}}


def test_an_item_without_its_key_is_refused_with_its_place() -> None:
    with pytest.raises(NoMergeKey, match=r"containers.env\[0\] has no name"):
        merge(SPEC, {"containers": [{"name": "a", "env": [{"value": "1"}]}]})


@given(maps, maps)
def test_neither_side_is_changed_and_merging_again_changes_nothing(base: dict[str, Any], patch: dict[str, Any]) -> None:
    before = copy.deepcopy((base, patch))
    merged = merge(base, patch)
    assert (base, patch) == before
    assert merge(merged, patch) == merged


@given(maps)
def test_nothing_to_merge_is_no_change(base: dict[str, Any]) -> None:
    assert merge(base, {}) == base
