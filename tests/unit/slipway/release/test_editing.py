"""One value of a file is changed, and every other character stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.editing import APPEND, edited, location_of, value_at
from slipway.release.errors import InputError
from slipway.release.manifest.document import Location, read_document

YAML = """\
# what it is about
kind: Release   # of checkout
guardrails:
  # errors first
  - {name: errors, kind: error-ratio, objective: 0.5%}  # agreed in May
  - name: latency
    threshold: 300ms  # of the contract
strategy: {kind: canary, steps: [{weight: 5, bake: 2m}]}
rollback:
  constraints: []

# the end
"""
JSON = """{
  "tests": {"minPassRate": "100%"},
  "qa": {
    "maxAge": "7d"
  },
  "budget": {}
}
"""
KEYS = st.text("abcdefgh", min_size=1, max_size=4)
SCALARS: st.SearchStrategy[Any] = (
    st.booleans() | st.integers(-99, 99) | st.text("ab :#'\"%{}[],-\n", max_size=8) | st.just("")
)
DATA = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
    ),
    min_size=1,
    max_size=4,
)


def line_with(text: str, part: str) -> str:
    return next(line for line in text.splitlines() if part in line)


def places(data: object, at: Location = ()) -> list[Location]:
    """Every scalar in it."""
    if isinstance(data, dict):
        return [place for key, value in data.items() for place in places(value, (*at, key))]
    if isinstance(data, list):
        return [place for number, value in enumerate(data) for place in places(value, (*at, number))]
    return [at]


@given(DATA, st.data(), SCALARS, st.booleans(), st.booleans())
def test_a_value_is_changed_or_refused_and_nothing_else_is_touched(
    content: dict[str, Any], data: st.DataObject, value: Any, flow: bool, as_json: bool
) -> None:
    text = json.dumps(content, indent=2) if as_json else yaml.safe_dump(content, default_flow_style=flow)
    text = text if as_json else f"# above\n{text}# below\n"
    subject = "x.json" if as_json else "x.yaml"
    found = places(content)
    if not found:
        return
    at = data.draw(st.sampled_from(found))
    try:
        made = edited(text, subject, at, value, "because")
    except InputError:
        assert not as_json or value is None
        return
    assert value_at(read_document(made, subject).data, at) == value
    others = [place for place in places(content) if place != at]
    for place in others:
        assert value_at(read_document(made, subject).data, place) == value_at(content, place)
    if not as_json:
        assert made.startswith("# ")
        assert made.rstrip().endswith("# below")
        assert made.count("# because\n") == 1


def test_a_value_in_a_list_of_flow_mappings_keeps_the_comment_behind_it() -> None:
    made = edited(YAML, "a.yaml", ("guardrails", 0, "objective"), "0.2%", "INC-7: it was found late")
    assert made == YAML.replace(
        "  - {name: errors, kind: error-ratio, objective: 0.5%}",
        "  # INC-7: it was found late\n  - {name: errors, kind: error-ratio, objective: 0.2%}",
    )


def test_a_value_that_is_missing_is_added_where_its_neighbours_are() -> None:
    assert line_with(edited(YAML, "a.yaml", ("guardrails", 0, "tolerate"), 1.2), "name: errors") == (
        "  - {name: errors, kind: error-ratio, objective: 0.5%, tolerate: 1.2}  # agreed in May"
    )
    below = edited(YAML, "a.yaml", ("guardrails", 1, "objective"), "5%", "why")
    assert "    threshold: 300ms  # of the contract\n    # why\n    objective: 5%\nstrategy" in below
    assert "rollback:\n  constraints: []\n  maxMinutes: 5\n\n# the end" in edited(
        YAML, "a.yaml", ("rollback", "maxMinutes"), 5
    )


def test_one_more_item_of_a_list() -> None:
    added = edited(YAML, "a.yaml", ("guardrails", APPEND), {"name": "logs", "kind": "logs"}, "unseen errors")
    assert "of the contract\n  # unseen errors\n  - {name: logs, kind: logs}\nstrategy" in added
    assert "steps: [{weight: 5, bake: 2m}, {weight: 100}]" in edited(
        YAML, "a.yaml", ("strategy", "steps", APPEND), {"weight": 100}
    )
    assert "constraints: [not on Fridays]" in edited(
        YAML, "a.yaml", ("rollback", "constraints", APPEND), "not on Fridays"
    )


def test_json_stays_json() -> None:
    assert '"tests": {"minPassRate": "99%"}' in edited(JSON, "a.json", ("tests", "minPassRate"), "99%", "not written")
    assert '    "maxAge": "7d",\n    "required": true\n  }' in edited(JSON, "a.json", ("qa", "required"), True)
    assert '  "budget": {"x": 1}\n}' in edited(JSON, "a.json", ("budget", "x"), 1)
    made = edited(JSON, "a.json", ("drill", "procedures"), ["rollback"])
    assert '  "budget": {},\n  "drill": {"procedures": ["rollback"]}\n}' in made
    assert json.loads(made)["qa"] == {"maxAge": "7d"}


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (("guardrails",), "is a block of several lines"),
        (("kind", "name"), "there is no place for name here"),
        (("guardrails", 7, "name"), "there is no place"),
    ],
)
def test_what_cannot_be_changed_with_certainty_is_left_to_people(at: Location, says: str) -> None:
    with pytest.raises(InputError, match=says):
        edited(YAML, "a.yaml", at, "x")


def test_an_alias_is_not_changed_in_two_places_at_once() -> None:
    with pytest.raises(InputError, match="cannot be changed without changing more"):
        edited("a: &x {k: 1}\nb: *x\n", "a.yaml", ("b", "k"), 2)


def test_paths_as_people_write_them() -> None:
    assert location_of("guardrails[0].objective") == ("guardrails", 0, "objective")
    assert location_of("kill-switch.risk") == ("kill-switch", "risk")
    assert location_of("a[+]") == ("a", APPEND)
    for odd in ("", "a..b", "a[x]", "a[0", ".a b"):
        with pytest.raises(ValueError, match="is no path"):
            location_of(odd)
