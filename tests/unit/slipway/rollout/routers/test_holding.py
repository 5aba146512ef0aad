"""A gateway that configures nothing of a backend at weight 0 is made to by a rule that no request matches."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from slipway.release.data_planes import DATA_PLANES
from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import Route
from slipway.rollout.routers.base import ClientAssignment, Split
from slipway.rollout.routers.gateway_api import GatewayApiRouter
from slipway.rollout.routers.holding import NEVER, holding_rule
from slipway.rollout.routers.httproute import settings_hash_of, settings_of, shares_of, spec_of, wanted_hash
from slipway.rollout.routers.rivals import loses_to_methods, share_a_match
from slipway.rollout.routers.ruled import Users
from tests.unit.slipway.rollout.api import NAMESPACE, Api
from tests.unit.slipway.rollout.examples import ROUTE, backend

OLD, NEW, THIRD = backend("old"), backend("new"), backend("third")
PLAIN = Route.model_validate(ROUTE)
JOINED = Split(((OLD, 100.0), (NEW, 0.0)))
DRAW = ClientAssignment("slipway-1", NEW.entry, (25.0, 100.0), 3600)
SPLITS = [
    JOINED,
    Split(((OLD, 75.0), (NEW, 25.0), (THIRD, 0.0))),
    Split(((OLD, 75.0), (NEW, 25.0), (THIRD, 0.0)), None, DRAW),
    Split(((OLD, 100.0), (NEW, 0.0)), mirror=(NEW, Mirrored(percent=100, methods=("GET",)))),
]


def held(split: Split) -> list[dict[str, Any]]:
    return list(spec_of(PLAIN, split, hold_idle=True)["rules"])


def test_the_rule_names_each_backend_that_has_no_weight_and_no_request_matches_it() -> None:
    first, *rest = held(Split(((OLD, 100.0), (NEW, 0.0), (THIRD, 0.0))))
    assert [(one["name"], one["weight"]) for one in first["backendRefs"]] == [(NEW.entry, 1), (THIRD.entry, 1)]
    assert [one["headers"][0]["value"] for one in first["matches"]] == [NEVER]
    assert re.fullmatch(r"[!-~]+([\t ]?[!-~]+)*", NEVER)  # what the API takes as the value of a match
    assert not re.search(NEVER, "a\n$a a")
    assert rest == spec_of(PLAIN, Split(((OLD, 100.0), (NEW, 0.0), (THIRD, 0.0))))["rules"]


@pytest.mark.parametrize("split", [Split.whole(OLD), Split(((OLD, 50.0), (NEW, 50.0)))])
def test_there_is_none_while_every_backend_has_weight(split: Split) -> None:
    assert spec_of(PLAIN, split, hold_idle=True) == spec_of(PLAIN, split)
    assert holding_rule({}) is None


@pytest.mark.parametrize("split", SPLITS)
def test_neither_the_shares_nor_the_body_of_the_route_differ_by_it(split: Split) -> None:
    plain, spec = spec_of(PLAIN, split), spec_of(PLAIN, split, hold_idle=True)
    assert len(spec["rules"]) == len(plain["rules"]) + 1
    assert shares_of(spec) == shares_of(plain)
    assert settings_of(spec) == settings_of(plain)
    assert settings_hash_of(spec, None) == wanted_hash(PLAIN, None, split.sticky, split.mirror)


@pytest.mark.parametrize("split", [JOINED, SPLITS[1]])
def test_of_several_rules_the_first_one_is_not_theirs_and_names_what_has_no_weight_in_any(split: Split) -> None:
    header = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-a"]}}
    rules = [
        {"backendRefs": [{"name": "legacy", "port": 80}]},
        {"backendRefs": [{"weight": 9, "filters": [header]}]},
        {},
    ]
    route = Route.model_validate({**ROUTE, "rules": rules})
    users = Users.of(route)
    first, *rest = spec_of(route, split, hold_idle=True)["rules"]
    assert rest == spec_of(route, split)["rules"]
    assert [(one["name"], one["weight"]) for one in first["backendRefs"]] == [
        (side.entry, 1) for side, share in split.shares if not share
    ]
    assert not any(one.get("filters") for one in first["backendRefs"]), "with filters it would be another cluster"
    assert settings_hash_of(spec_of(route, split, hold_idle=True), None, users) == wanted_hash(route, None)


def test_one_that_another_writer_changed_is_another_body() -> None:
    spec = spec_of(PLAIN, JOINED, hold_idle=True)
    changes: list[dict[str, Any]] = [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}, {"backendRefs": []}]
    for change in changes:
        changed = copy.deepcopy(spec)
        changed["rules"][0].update(change)
        assert settings_hash_of(changed, None) != wanted_hash(PLAIN, None)


def test_to_other_services_it_is_no_rival() -> None:
    spec = spec_of(PLAIN, JOINED, hold_idle=True)
    only = {**spec, "rules": spec["rules"][:1]}
    wanted = spec["rules"][-1]["matches"]
    assert share_a_match(spec, PLAIN, wanted)
    assert not share_a_match(only, PLAIN, wanted)
    assert not loses_to_methods(only, NAMESPACE, PLAIN)


@pytest.mark.parametrize("name", sorted(DATA_PLANES))
def test_the_router_writes_it_for_the_data_planes_that_need_it(name: str) -> None:
    api = Api()
    router = GatewayApiRouter(
        api.client(), NAMESPACE, "checkout", patience=api.patience, hold_idle=DATA_PLANES[name].drops_idle
    )
    live = router.apply(PLAIN, JOINED, None)
    assert dict(live.shares) == {OLD.entry: 100.0, NEW.entry: 0.0}
    assert live.settings_hash == router.settings_hash(PLAIN)
    written = next(iter(api.objects.values()))
    assert len(written["spec"]["rules"]) == (2 if name == "envoy-gateway" else 1)
