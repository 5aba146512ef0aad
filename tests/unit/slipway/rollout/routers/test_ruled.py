"""Several rules: the service's weight in each is shared by its versions, and nothing else of the users' moves."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import HeaderMatch, Route
from slipway.release.manifest.strategy import Preview
from slipway.rollout.routers.base import ClientAssignment, Split
from slipway.rollout.routers.foreign import read_foreign, refuse_unequal
from slipway.rollout.routers.foreign_rules import Target
from slipway.rollout.routers.httproute import (
    mirrored_of,
    preview_spec_of,
    settings_hash_of,
    shares_of,
    spec_of,
    wanted_hash,
)
from slipway.rollout.routers.ruled import Users, users_rules
from slipway.rollout.traffic.transition import next_split
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.routers.rules import EXAMPLE, LEGACY, Json, routes, ruled

OLD, NEW = backend("old"), backend("new")
ROUTE = Route.model_validate(EXAMPLE)
HEADER = Preview(header=HeaderMatch(name="x-preview", value="new"))
COPIES = Mirrored(100.0, ("GET", "HEAD"))
SHARES = st.integers(0, 10_000).map(lambda part: part / 100)


def split_of(share: float, **more: Any) -> Split:
    return Split(((OLD, 100.0 - share), (NEW, share)), **more)


def users_of(route: Route) -> Users:
    users = Users.of(route)
    assert users is not None
    return users


def weights(rule: Json) -> dict[str, int]:
    return {f"{one.get('namespace', '')}/{one['name']}": one["weight"] for one in rule["backendRefs"]}


def test_each_rule_that_names_the_service_has_both_versions_in_its_place_and_the_others_keep_their_part() -> None:
    api, old, away, rest = spec_of(ROUTE, split_of(25.0))["rules"]
    assert weights(api) == {f"/{OLD.entry}": 27, f"/{NEW.entry}": 9, "/legacy": 4}
    assert old["backendRefs"] == [LEGACY]
    assert "backendRefs" not in away
    assert weights(rest) == {f"/{OLD.entry}": 7500, f"/{NEW.entry}": 2500}
    assert [one["type"] for one in api["filters"]] == ["RequestHeaderModifier", "CORS"]
    assert api["filters"][1]["cors"]["maxAge"] == 5
    assert (api["name"], api["timeouts"], api["retry"]) == (
        "api", {"request": "5s", "backendRequest": "2s"}, {"codes": [503], "attempts": 2}
    )  # fmt: skip


@given(routes(), SHARES)
def test_what_is_written_is_read_back_from_every_rule(route: Route, share: float) -> None:
    spec = spec_of(route, split_of(share))
    assert shares_of(spec, users_of(route)) == {OLD.entry: round(100 - share, 4), NEW.entry: share}
    assert mirrored_of(spec, users_of(route)) == {}


@given(routes(), SHARES)
def test_the_ratio_to_other_backends_is_the_same_for_any_share(route: Route, share: float) -> None:
    spec = spec_of(route, split_of(share))
    for wanted, rule in zip(route.rules or (), spec["rules"], strict=True):
        found = rule.get("backendRefs", [])
        assert all(0 <= one["weight"] <= 1_000_000 for one in found)
        others = [one["weight"] for one in found if users_of(route).others & {one["name"], f"billing/{one['name']}"}]
        own = sum(one["weight"] for one in found) - sum(others)
        asked = [one.weight for one in wanted.others]
        assert len(asked) == len(others)
        if wanted.own is not None:
            assert [Fraction(one, own) for one in others] == [Fraction(one, wanted.own.weight) for one in asked]


@given(routes(), SHARES, st.booleans(), st.booleans(), st.booleans())
def test_only_the_shares_move(route: Route, share: float, hold: bool, preview: bool, mirror: bool) -> None:
    asked = (NEW, HEADER) if preview else None
    copied = (
        (NEW, COPIES) if mirror and any(one.method != "POST" for r in route.own_rules for one in r.matched) else None
    )
    spec = spec_of(route, split_of(share, preview=asked, mirror=copied), hold_idle=hold)
    users = users_of(route)
    assert settings_hash_of(spec, None, users) == wanted_hash(route, asked, None, copied)
    assert shares_of(spec, users) == {OLD.entry: round(100 - share, 4), NEW.entry: share}
    assert mirrored_of(spec, users) == ({} if copied is None else {NEW.entry: 100.0})
    assert [one for one in spec["rules"] if one in spec_of(route, split_of(share))["rules"]] == list(
        users_rules(spec["rules"], users)
    )


def written(route: Route, wanted: Split, spec: Json) -> Iterator[Json]:
    """Each spec on the way from one that is there, as slipway.rollout.traffic.transition writes them."""
    while True:
        split = next_split(shares_of(spec, Users.of(route)), wanted, [OLD, NEW], out=True)
        if split is None:
            return
        spec = spec_of(route, split)
        yield spec


@settings(max_examples=50)
@given(routes(), SHARES)
def test_nothing_of_the_users_is_lost_while_a_version_joins_and_another_leaves(route: Route, share: float) -> None:
    before = spec_of(route, Split.whole(OLD))
    spec = before
    for wanted in (split_of(share), Split.whole(NEW), Split.whole(OLD)):
        for made in written(route, wanted, spec):
            spec = made
            assert settings_hash_of(spec, None, users_of(route)) == wanted_hash(route, None)
    assert spec == before


@settings(max_examples=50)
@given(routes(), st.booleans())
def test_a_route_is_adopted_equal_in_effect(route: Route, explicit: bool) -> None:
    """What was read says what is there, and nothing that would have to be written."""
    own = OLD.model_copy(update={"entry": "checkout", "port": 80})
    live = spec_of(route, Split.whole(own))
    if explicit:
        for rule in live["rules"]:
            for one in rule.get("backendRefs", []):
                if one["name"] == "checkout":
                    one["namespace"] = "shop"
    found = read_foreign(live, "shop", "checkout")
    assert (found.problems, found.target) == ((), Target("checkout", 80))
    assert found.route is not None
    refuse_unequal(live, "shop", found.route, Target("checkout", 80))
    if found.route.rules is not None:
        users = users_of(found.route)
        assert shares_of(live, users) == {"checkout": 100.0}
        assert settings_hash_of(live, None, users) == wanted_hash(found.route, None) == wanted_hash(route, None)
        if not explicit:
            assert spec_of(found.route, Split.whole(own)) == live


CHANGES: dict[str, Any] = {
    "a filter": lambda rules: rules[0]["filters"][0]["requestHeaderModifier"]["set"][0].update(value="2"),
    "a filter that is gone": lambda rules: rules[0].pop("filters"),
    "a match": lambda rules: rules[2]["matches"][0].update(method="GET"),
    "a timeout": lambda rules: rules[0]["timeouts"].update(request="9s"),
    "another backend's weight": lambda rules: rules[0]["backendRefs"][2].update(weight=5),
    "another backend's port": lambda rules: rules[1]["backendRefs"][0].update(port=81),
    "a backend more": lambda rules: rules[1]["backendRefs"].append(dict(LEGACY)),
    "a rule more": lambda rules: rules.append({"matches": [], "backendRefs": [dict(LEGACY)]}),
    "a rule less": lambda rules: rules.pop(1),
    "the order of rules": lambda rules: rules.reverse(),
    "the share in one rule": lambda rules: rules[3]["backendRefs"][0].update(weight=5000),
    "a copy for the new version": lambda rules: rules[3].update(
        filters=[{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": NEW.entry, "port": 8080}}}]
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_by_another_writer_is_seen_in_any_rule(change: Any) -> None:
    spec = spec_of(ROUTE, split_of(25.0))
    change(spec["rules"])
    assert settings_hash_of(spec, None, users_of(ROUTE)) != wanted_hash(ROUTE, None)


def test_who_has_requests_by_one_rule_alone_has_a_share() -> None:
    spec = spec_of(ROUTE, Split(((OLD, 100.0), (NEW, 0.0))))
    spec["rules"][0]["backendRefs"][1]["weight"] = spec["rules"][0]["backendRefs"][0]["weight"]
    assert shares_of(spec, users_of(ROUTE)) == {OLD.entry: 75.0, NEW.entry: 25.0}


def test_a_backend_that_another_writer_adds_has_a_share_of_the_service() -> None:
    spec = spec_of(ROUTE, Split.whole(OLD))
    spec["rules"][3]["backendRefs"].append({"name": "mine", "port": 80, "weight": 10_000})
    assert shares_of(spec, users_of(ROUTE))["mine"] == 25.0


def test_a_preview_leads_to_the_candidate_in_each_rule_of_the_service_and_comes_first() -> None:
    first, second, *users = spec_of(ROUTE, split_of(0.0, preview=(NEW, HEADER)))["rules"]
    assert users == spec_of(ROUTE, split_of(0.0))["rules"]
    extra = {"type": "Exact", "name": "x-preview", "value": "new"}
    for rule, source in ((first, users[0]), (second, users[3])):
        assert [(one["name"], one["weight"]) for one in rule["backendRefs"]] == [(NEW.entry, 1)]
        assert rule["matches"] == [{**one, "headers": [extra]} for one in source["matches"]]
        assert rule.get("filters") == source.get("filters")
        assert "name" not in rule


def test_a_preview_host_serves_all_rules_with_the_candidate() -> None:
    found = preview_spec_of(ROUTE, (NEW, Preview(host="new.example")))
    assert found is not None
    assert [[one["name"] for one in rule.get("backendRefs", [])] for rule in found["rules"]] == [
        [NEW.entry], ["legacy"], [], [NEW.entry]
    ]  # fmt: skip


def test_copies_stand_right_before_their_rule_and_keep_its_filters() -> None:
    rules = spec_of(ROUTE, split_of(0.0, mirror=(NEW, COPIES)))["rules"]
    first, users, *_ = rules
    assert [one["type"] for one in first["filters"]] == ["RequestHeaderModifier", "CORS", "RequestMirror"]
    assert [one.get("method") for one in first["matches"]] == ["GET", "HEAD"], "POST is not copied"
    assert first["backendRefs"] == users["backendRefs"]
    assert [len(rule["matches"]) for rule in rules] == [2, 2, 1, 1, 2, 1]


def test_a_rule_that_replaces_a_prefix_is_copied_by_a_rule_for_each_method() -> None:
    """The API takes one match beside such a filter."""
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    route = ruled(
        {"matches": [{"path": {"value": "/a"}}], "filters": [{"type": "URLRewrite", "urlRewrite": {"path": path}}]}
    )
    spec = spec_of(route, split_of(0.0, mirror=(NEW, COPIES)))
    assert [[one.get("method") for one in rule["matches"]] for rule in spec["rules"]] == [["GET"], ["HEAD"], [None]]
    assert settings_hash_of(spec, None, users_of(route)) == wanted_hash(route, None, None, (NEW, COPIES))


def test_what_users_copy_to_others_is_theirs() -> None:
    shadow = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "shadow", "port": 80}, "percent": 10}}
    route = ruled({"filters": [shadow]})
    assert mirrored_of(spec_of(route, split_of(0.0)), users_of(route)) == {}
    copied = spec_of(route, split_of(0.0, mirror=(NEW, COPIES)))
    assert mirrored_of(copied, users_of(route)) == {NEW.entry: 100.0}
    assert len(copied["rules"][0]["filters"]) == 2


def test_a_split_that_cannot_be_written_is_refused() -> None:
    route = ruled({"backendRefs": [{"weight": 1}, {"name": OLD.entry, "port": 80}]})
    with pytest.raises(ValueError, match="its weight would have two meanings"):
        spec_of(route, Split.whole(OLD))
    with pytest.raises(ValueError, match="cannot draw clients"):
        spec_of(ROUTE, split_of(25.0, draw=ClientAssignment("side-1", NEW.entry, (25.0, 100.0), 60)))
    only = ruled({"matches": [{"method": "POST"}]})
    with pytest.raises(ValueError, match="no rule of the route is of GET, HEAD"):
        spec_of(only, split_of(0.0, mirror=(NEW, COPIES)))


def test_the_mark_of_a_route_says_which_rules_and_backends_are_whose() -> None:
    users = users_of(ROUTE)
    assert str(users) == '{"names":["legacy"],"rules":4}'
    assert Users.read(str(users)) == users
    for text in ("", "[]", '{"rules":1}', '{"names":[],"rules":"x"}'):
        assert Users.read(text) is None


def test_the_spec_is_not_changed_by_reading_it() -> None:
    spec = spec_of(ROUTE, split_of(25.0), hold_idle=True)
    before = copy.deepcopy(spec)
    settings_hash_of(spec, None, users_of(ROUTE))
    assert spec == before
