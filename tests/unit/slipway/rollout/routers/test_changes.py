"""What somebody changed in a route is said in words, with its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slipway.rollout.routers.changes import LONGEST, describe_changes

RULE = {"matches": [{"path": "/"}], "timeouts": {"request": "5s"}}
WANTED = {"hostnames": ["a.example"], "rules": [RULE]}
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def with_rule(**changes: object) -> dict[str, object]:
    return {**WANTED, "rules": [{**RULE, **changes}]}


def test_what_is_as_wanted_is_no_change() -> None:
    assert describe_changes(WANTED, WANTED) == ""


def test_another_value_names_both() -> None:
    live = {**WANTED, "hostnames": ["b.example"]}
    assert describe_changes(WANTED, live) == "hostnames[0] is b.example, not a.example"


def test_what_was_added_and_what_was_removed_is_named() -> None:
    assert describe_changes(WANTED, with_rule(filters=[{"type": "CORS"}])) == (
        'rules[0].filters was added ([{"type": "CORS"}])'
    )
    assert describe_changes(with_rule(filters=[]), WANTED) == "rules[0].filters was removed"


def test_a_list_of_another_length_is_shown_whole_but_short() -> None:
    text = describe_changes(WANTED, {**WANTED, "hostnames": [f"{n}.example" for n in range(40)]})
    assert text.startswith('hostnames is ["0.example"')
    assert len(text) < 2 * LONGEST + 40


def test_many_changes_are_counted() -> None:
    live = dict.fromkeys("abcde", 1)
    assert describe_changes({}, live).endswith("; and 2 more")


@given(JSON, JSON)
def test_only_what_is_equal_is_silent(wanted: object, live: object) -> None:
    said = describe_changes({"x": wanted}, {"x": live})
    assert (said == "") == (wanted == live)
