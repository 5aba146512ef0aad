"""The mirror step of a canary, as it is written and as it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import InputError
from slipway.release.listener_rule import refused_by
from slipway.release.manifest.load import parse
from slipway.release.manifest.plan import describe
from slipway.release.manifest.strategy import Canary
from slipway.release.mirror_limits import uncopied
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import EcsTarget
from tests.manifests import release, text

LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/edge/0123456789abcdef/0123456789abcdef"
ECS = EcsTarget(kind="ecs", region="eu-central-1", cluster="shop", listener=LISTENER, table="releases")
MIRROR: dict[str, Any] = {"mirror": "100%", "methods": ["GET", "HEAD"], "bake": "1m"}
WEIGHTS: list[dict[str, Any]] = [{"weight": 5, "bake": "2m"}, {"weight": 100, "bake": "5m"}]


def steps(*given: dict[str, Any]) -> dict[str, Any]:
    return {"strategy": {"kind": "canary", "steps": list(given)}}


def problems(**changes: Any) -> list[tuple[str, str, int]]:
    with pytest.raises(InputError) as refused:
        parse(text(**changes), "test.yaml")
    return [(one.path, one.message, one.line or 0) for one in refused.value.problems]


def counted_by(profile: str) -> MetricsSource:
    return MetricsSource(kind="prometheus", url="http://p.example", profile=profile)


def canary(**changes: Any) -> Canary:
    found = release(**steps({**MIRROR, **changes}, *WEIGHTS)).strategy
    assert isinstance(found, Canary)
    return found


def test_a_plan_says_that_no_user_sees_what_is_copied() -> None:
    told = describe(canary(), 3, "forward")
    assert told == "canary: copies of 100% of GET, HEAD, whose answers no user sees, for 1m, 5% for 2m, 100% for 5m"
    assert describe(canary(), 3, "rollback").endswith("100% for 0s")


def test_percent_may_be_a_number() -> None:
    assert canary(mirror=25).mirror == canary(mirror="25%").mirror


def test_a_write_is_copied_only_for_a_reason() -> None:
    [(place, message, line)] = problems(**steps({**MIRROR, "methods": ["GET", "POST"]}, *WEIGHTS))
    assert place == "strategy.steps[0]" and "a copy of POST is a second write" in message and line > 0
    assert canary(methods=["POST"], duplicatesAreHarmless="orders carry a key").mirror is not None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((*WEIGHTS, MIRROR), "must be the first"),
        ((MIRROR, MIRROR, *WEIGHTS), "must be the first"),
        ((MIRROR,), "there must be weights"),
    ],
)
def test_copies_come_before_the_weights_and_never_alone(given: tuple[dict[str, Any], ...], said: str) -> None:
    found = problems(**steps(*given))
    assert any(place == "strategy.steps" and said in message for place, message, _ in found)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"mirror": 0}, "strategy.steps[0].mirror"),
        ({"mirror": "101%"}, "strategy.steps[0].mirror"),
        ({"methods": []}, "strategy.steps[0].methods"),
        ({"methods": ["TRACE"]}, "strategy.steps[0].methods[0]"),
        ({"weight": 1}, "strategy.steps[0].weight"),
    ],
)
def test_what_is_wrong_in_the_step_has_its_place_and_line(wrong: dict[str, Any], place: str) -> None:
    found = problems(**steps({**MIRROR, **wrong}, *WEIGHTS))
    assert [one[0] for one in found] == [place] and found[0][2] > 0


def test_a_route_of_other_methods_has_nothing_to_copy() -> None:
    [(place, _, _)] = problems(route__matches=[{"path": "/", "method": "POST"}], **steps(MIRROR, *WEIGHTS))
    assert place == "strategy.steps[0].methods"


def test_a_rule_has_room_for_64_matches() -> None:
    matches = [{"path": f"/{number}"} for number in range(33)]
    [(place, message, _)] = problems(route__matches=matches, **steps(MIRROR, *WEIGHTS))
    assert place == "strategy.steps[0].methods" and "64" in message


def test_a_match_that_has_a_method_takes_the_room_of_one() -> None:
    matches = [{"path": f"/{number}", "method": "GET"} for number in range(64)]
    assert len(release(route__matches=matches, **steps(MIRROR, *WEIGHTS)).route.matches) == 64


def test_profiles_that_cannot_tell_copies_are_refused_by_name() -> None:
    def refused(profile: str, mirror: object = "100%") -> list[str]:
        return [one.message for one in uncopied(counted_by(profile), canary(mirror=mirror), release().route)]

    assert refused("contour") == refused("envoy-gateway") == refused("envoy-gateway", 50) == []
    assert "profile istio does not count copies" in refused("istio")[0]
    assert "copies all requests" in refused("contour", 50)[0]


def test_the_way_out_names_the_profiles_that_count_copies() -> None:
    [found] = uncopied(counted_by("istio"), canary(), release().route)
    assert "profile contour, profile envoy-gateway, or a profile of your own" in found.remedy


def test_copies_of_the_users_own_are_refused_where_they_would_count_as_the_candidates() -> None:
    shadow = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "shadow", "port": 80}}}
    route = release(route__rules=[{}, {"matches": [{"path": {"value": "/a"}}], "filters": [shadow]}]).route
    assert [one.path for one in uncopied(counted_by("envoy-gateway"), canary(), route)] == ["route.rules[1].filters"]
    assert [*uncopied(counted_by("contour"), canary(), route)] == []
    plain = release().strategy
    assert isinstance(plain, Canary) and [*uncopied(counted_by("envoy-gateway"), plain, route)] == []


def test_a_load_balancer_of_aws_cannot_copy() -> None:
    found = release(**steps(MIRROR, *WEIGHTS))
    refused = {one.path: one.message for one in refused_by(ECS, found.service, found.route, canary())}
    assert refused["strategy.steps[0].mirror"] == "a listener rule of a load balancer cannot copy requests"
