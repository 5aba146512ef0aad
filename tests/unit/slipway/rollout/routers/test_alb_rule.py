from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ClusterError
from slipway.release.listener_rule import FINEST
from slipway.release.manifest.route import Route
from slipway.rollout.routers.alb_rule import (
    LARGEST,
    conditions_of,
    live_targets,
    overlaps,
    settings_of,
    shares_of,
    targets_of,
)
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.parts import Json
from tests.unit.slipway.rollout.examples import ROUTE, backend

OLD, NEW = backend("old"), backend("new")


def route(**changes: Any) -> Route:
    return Route.model_validate({**ROUTE, **changes})


@given(tenths=st.integers(0, 1000))
def test_every_tenth_of_a_percent_is_written_and_read_back_as_it_is(tenths: int) -> None:
    split = Split(((OLD, 100 - tenths / 10), (NEW, tenths / 10)))
    targets = targets_of(split)
    assert all(0 <= weight <= LARGEST for weight in targets.values())
    assert shares_of(targets) == pytest.approx({OLD.entry: 100 - tenths / 10, NEW.entry: tenths / 10}, abs=1e-4)
    assert (targets[NEW.entry] == 0) is (tenths == 0)


def test_a_share_that_is_finer_than_a_weight_is_refused_and_not_rounded_up() -> None:
    with pytest.raises(ValueError, match=r"0\.05% is finer than the 0\.1%"):
        targets_of(Split(((OLD, 99.95), (NEW, 0.05))))
    assert targets_of(Split(((OLD, 100 - FINEST), (NEW, FINEST)))) == {OLD.entry: 999, NEW.entry: 1}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"matches": []}, {}),
        ({"matches": [{"path": "/"}]}, {}),
        ({"matches": [{"path": "/api"}]}, {"path-pattern": ["/api", "/api/*"]}),
        ({"matches": [{"path": "/api", "path_type": "Exact"}]}, {"path-pattern": ["/api"]}),
        (
            {"matches": [{"path": "/b"}, {"path": "/a", "path_type": "Exact"}]},
            {"path-pattern": ["/a", "/b", "/b/*"]},
        ),
        ({"matches": [{"path": "/a"}, {"path": "/"}]}, {}),
        (
            {"matches": [{"method": "GET", "headers": [{"name": "X-Team", "value": "blue"}]}]},
            {"http-request-method": ["GET"], "http-header x-team": ["blue"]},
        ),
    ],
    ids=["no match", "everything", "prefix", "exact", "several paths", "one is everything", "method and header"],
)
def test_matches_become_conditions(changes: dict[str, Any], wanted: dict[str, list[str]]) -> None:
    found = settings_of(conditions_of(route(hostnames=["shop.example"], **changes)))
    assert found == {"host-header": ["shop.example"], **wanted}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"timeout": 5}, "route.timeout: a listener rule has no timeout"),
        ({"affinity": {"cookie": "side"}}, "route.affinity.cookie: a listener rule cannot draw"),
        ({"matches": [{"path": "/a", "method": "GET"}, {"path": "/b"}]}, "only the path of matches may differ"),
        ({"matches": [{"path": "/a*"}]}, r"'/a\*'"),
        ({"matches": [{"headers": [{"name": "X-A", "value": "b?"}]}]}, r"'b\?'"),
    ],
    ids=["timeout", "cookie", "several methods", "wildcard in a path", "wildcard in a header"],
)
def test_what_a_rule_cannot_say_is_refused_by_name(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        conditions_of(route(**changes))


def test_the_order_and_the_spelling_of_conditions_do_not_matter() -> None:
    one: list[Json] = [
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["b", "a"]}, "Values": ["b", "a"]},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Team", "Values": ["blue"]}},
    ]
    other: list[Json] = [
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-team", "Values": ["blue"]}},
        {"Field": "host-header", "Values": ["a", "b"]},
    ]
    assert settings_of(one) == settings_of(other)


def test_a_rule_that_does_more_than_to_forward_has_no_shares() -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/blue/1"
    forward = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": 5}]}
    assert live_targets({"Actions": [{"Type": "forward", "ForwardConfig": forward}]}) == {"blue": 5}
    assert live_targets({"Actions": [{"Type": "forward", "TargetGroupArn": arn}]}) == {"blue": 1}
    assert live_targets({"Actions": [{"Type": "fixed-response"}]}) is None
    assert live_targets({"Actions": [{"Type": "authenticate-oidc"}, {"Type": "forward"}]}) is None
    sticky = {**forward, "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}
    assert live_targets({"Actions": [{"Type": "forward", "ForwardConfig": sticky}]}) is None


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"hostnames": ["other.example"]}, False),
        ({"matches": [{"path": "/else"}]}, False),
        ({"matches": [{"path": "/api", "headers": [{"name": "x-slipway-revision", "value": "r"}]}]}, False),
    ],
    ids=["the same", "another host", "another path", "one header more"],
)
def test_a_rule_is_a_rival_when_it_asks_for_no_more(changes: dict[str, Any], wanted: bool) -> None:
    own = {"hostnames": ["shop.example"], "matches": [{"path": "/api"}]}
    assert overlaps(conditions_of(route(**{**own, **changes})), conditions_of(route(**own))) is wanted
