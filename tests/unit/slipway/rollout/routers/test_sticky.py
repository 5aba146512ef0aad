"""Clients keep their side: the rules are read as a gateway would, for clients with and without the cookie."""

from __future__ import annotations

import copy
import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.manifest.route import HeaderMatch, Match, Route
from slipway.release.rollout_inputs import Backend
from slipway.rollout.routers.base import ClientAssignment, Split
from slipway.rollout.routers.httproute import settings_hash_of, shares_of, spec_of, wanted_hash
from slipway.rollout.routers.memory import MemoryRouter
from slipway.rollout.routers.parts import WEIGHT_SUM
from slipway.rollout.routers.sticky import MOST_INTERVALS, assignments
from tests.unit.slipway.rollout.examples import ROUTE, backend

OLD, NEW, THIRD = backend("old"), backend("new"), backend("third")
PLAIN = Route.model_validate(ROUTE)
BOUNDS = (5.0, 25.0, 50.0, 100.0)
DRAW = ClientAssignment("slipway-0a1b2c3d4e", NEW.entry, BOUNDS, 3600)

ramps = st.lists(st.integers(1, WEIGHT_SUM - 1), min_size=1, max_size=MOST_INTERVALS - 1, unique=True).map(
    lambda cuts: tuple(cut / 100 for cut in (*sorted(cuts), WEIGHT_SUM))
)


def at(weight: float, draw: ClientAssignment | None = DRAW) -> Split:
    return Split(((OLD, 100.0 - weight), (NEW, weight)), None, draw)


def rules(split: Split, route: Route = PLAIN) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec_of(route, split)["rules"]
    return found


def side(found: list[dict[str, Any]], cookie: str) -> str | None:
    """The backend of a client that sends this Cookie header; None when it draws anew."""
    for rule in found[:-1]:
        (header,) = rule["matches"][0]["headers"]
        assert (header["type"], header["name"]) == ("RegularExpression", "cookie")
        if re.fullmatch(header["value"], cookie):
            (only,) = rule["backendRefs"]
            return str(only["name"])
    return None


def handed_out(found: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    """Backend, cookie and weight of every draw that a client without the cookie may get."""
    drawn = []
    for reference in found[-1]["backendRefs"]:
        (one,) = reference["filters"]
        (header,) = one["responseHeaderModifier"]["add"]
        assert header["name"] == "Set-Cookie"
        drawn.append((reference["name"], header["value"].partition(";")[0], reference["weight"]))
    return drawn


def test_a_new_client_draws_an_interval_with_a_chance_of_its_width_and_gets_it_as_a_cookie() -> None:
    name = DRAW.cookie
    assert handed_out(rules(at(25.0))) == [
        (NEW.entry, f"{name}=0", 500),
        (NEW.entry, f"{name}=1", 2000),
        (OLD.entry, f"{name}=2", 2500),
        (OLD.entry, f"{name}=3", 5000),
    ]


def test_the_cookie_is_host_wide_hidden_from_scripts_and_outlives_the_ramp() -> None:
    assert assignments(DRAW)[2][0] == f"{DRAW.cookie}=2; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"


@given(ramps, st.data())
def test_a_client_goes_where_it_was_drawn_to_and_moves_at_most_once_in_the_whole_ramp(
    bounds: tuple[float, ...], data: st.DataObject
) -> None:
    draw = ClientAssignment("slipway-aa", NEW.entry, bounds, 60)
    steps = [rules(at(weight, draw)) for weight in bounds[:-1]]
    began = data.draw(st.integers(0, len(steps) - 1))
    drawn, cookie, _ = data.draw(st.sampled_from(handed_out(steps[began])))
    way = [side(step, cookie) for step in steps[began:]]
    assert way[0] == drawn
    assert [place for place, _ in itertools.groupby(way)] in ([OLD.entry], [NEW.entry], [OLD.entry, NEW.entry])


@given(ramps)
def test_the_share_of_clients_is_the_weight_at_every_step_whenever_they_came(bounds: tuple[float, ...]) -> None:
    draw = ClientAssignment("slipway-aa", NEW.entry, bounds, 60)
    first = handed_out(rules(at(bounds[0], draw)))
    for weight in bounds[:-1]:
        found = rules(at(weight, draw))
        assert shares_of({"rules": found})[NEW.entry] == pytest.approx(weight)
        earlier = sum(width for _, cookie, width in first if side(found, cookie) == NEW.entry)
        assert earlier == round(weight * 100)


@pytest.mark.parametrize("before", ["", "a=1; ", "x=slipway; b=2; ", "a=1,"])
@pytest.mark.parametrize("after", ["", "; a=1", ";c=3", ",c=3"])
def test_the_cookie_is_found_among_others(before: str, after: str) -> None:
    found = rules(at(25.0))
    assert side(found, f"{before}{DRAW.cookie}=1{after}") == NEW.entry
    assert side(found, f"{before}{DRAW.cookie}=2{after}") == OLD.entry


@pytest.mark.parametrize("cookie", ["", "a=1", f"my{DRAW.cookie}=1", f"{DRAW.cookie}=11", "slipway-0000000000=1"])
def test_who_has_no_draw_of_this_release_draws_anew(cookie: str) -> None:
    assert side(rules(at(25.0)), cookie) is None


def test_every_match_is_repeated_with_one_header_more_so_that_it_takes_precedence() -> None:
    headers = (HeaderMatch(name="x-a", value="1"),)
    matches = (Match(path="/api", method="GET", headers=headers), Match(path="/exact", path_type="Exact"))
    route = PLAIN.model_copy(update={"matches": matches, "timeout": 2.0})
    *keeping, users = rules(at(25.0), route)
    assert len(keeping) == 2
    for rule in keeping:
        assert rule["timeouts"] == users["timeouts"]
        for match, plain in zip(rule["matches"], users["matches"], strict=True):
            assert match["headers"][:-1] == plain.get("headers", [])
            assert {**match, "headers": []} == {**plain, "headers": []}


@pytest.mark.parametrize("weight", [0.0, 100.0])
def test_with_everything_on_one_side_nothing_sticky_remains(weight: float) -> None:
    assert spec_of(PLAIN, at(weight)) == spec_of(PLAIN, at(weight, None))
    assert at(weight).sticky is None
    assert Split.whole(OLD).sticky is None


@pytest.mark.parametrize("first", [OLD, NEW])
@pytest.mark.parametrize("weight", [100 / 3, 200 / 3, 12.135, 12.125, 0.01, 99.99])
def test_any_weight_that_a_strategy_makes_is_kept_to_a_hundredth(weight: float, first: Backend) -> None:
    draw = ClientAssignment("c", NEW.entry, (weight, 100.0), 1)
    sides = sorted([(OLD, 100.0 - weight), (NEW, weight)], key=lambda side: side[0] != first)
    found = shares_of(spec_of(PLAIN, Split(tuple(sides), None, draw)))
    assert found[NEW.entry] == pytest.approx(weight, abs=0.0051)


def test_a_backend_without_a_share_stands_in_the_route_without_traffic_and_without_a_cookie() -> None:
    split = Split(((OLD, 75.0), (NEW, 25.0), (THIRD, 0.0)), None, DRAW)
    last = rules(split)[-1]["backendRefs"][-1]
    assert (last["name"], last["weight"], "filters" in last) == (THIRD.entry, 0, False)
    assert shares_of(spec_of(PLAIN, split)) == {OLD.entry: 75.0, NEW.entry: 25.0, THIRD.entry: 0.0}


@pytest.mark.parametrize(
    "split",
    [
        at(30.0),
        Split(((OLD, 50.0), (THIRD, 25.0), (NEW, 25.0)), None, DRAW),
        at(25.0, ClientAssignment("c", NEW.entry, (25.0, 50.0), 1)),
        at(25.0, ClientAssignment("c", NEW.entry, (25.0, 25.001, 100.0), 1)),
        at(25.0, ClientAssignment("c", NEW.entry, (*(float(n) for n in range(11, 27)), 100.0), 1)),
    ],
)
def test_a_split_that_the_draw_does_not_know_is_refused(split: Split) -> None:
    with pytest.raises(ValueError, match="bounds"):
        spec_of(PLAIN, split)


def test_the_body_tells_a_sticky_route_from_a_plain_one_and_from_another_draw_but_not_its_weights() -> None:
    settings_hash = wanted_hash(PLAIN, None, DRAW)
    assert {settings_hash_of(spec_of(PLAIN, at(weight)), None) for weight in BOUNDS[:-1]} == {settings_hash}
    others = {
        wanted_hash(PLAIN, None),
        wanted_hash(PLAIN, None, ClientAssignment("slipway-ff", NEW.entry, BOUNDS, 3600)),
        wanted_hash(PLAIN, None, ClientAssignment(DRAW.cookie, NEW.entry, (5.0, 100.0), 3600)),
    }
    assert len({settings_hash, *others}) == 4
    assert settings_hash_of(spec_of(PLAIN, at(100.0)), None) == wanted_hash(PLAIN, None)


def test_a_rule_that_keeps_clients_elsewhere_than_new_ones_are_drawn_to_is_another_body() -> None:
    spec = spec_of(PLAIN, at(25.0))
    for number in (0, 1):
        moved = copy.deepcopy(spec)
        moved["rules"][number]["backendRefs"][0]["name"] = "elsewhere"
        assert settings_hash_of(moved, None) != settings_hash_of(spec, None)
    less = copy.deepcopy(spec)
    del less["rules"][0]
    assert settings_hash_of(less, None) != settings_hash_of(spec, None)


def test_the_router_in_memory_keeps_the_same_rules() -> None:
    router = MemoryRouter()
    live = router.apply(PLAIN, at(25.0), None)
    assert dict(live.shares) == {NEW.entry: 25.0, OLD.entry: 75.0}
    assert live.settings_hash == router.settings_hash(PLAIN, None, DRAW) != router.settings_hash(PLAIN)
    with pytest.raises(ValueError, match="bounds"):
        router.apply(PLAIN, at(30.0), live.version)
