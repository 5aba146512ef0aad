"""`route.rules` as they are written, and as they are refused: by the models, and with what a rollout adds to them."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.collisions import collisions
from slipway.release.errors import InputError
from slipway.release.filter_limits import uncounted_filters
from slipway.release.listener_rule import refused_by
from slipway.release.manifest.load import parse
from slipway.release.manifest.route_rules import seconds_of
from slipway.release.manifest.strategy import Canary
from slipway.release.rollout_inputs import MetricsSource, RolloutInputs
from slipway.release.target import EcsTarget, KubernetesTarget, LambdaTarget
from tests.manifests import ABSENT, STRATEGIES, release, text

Json = dict[str, Any]
LEGACY: Json = {"name": "legacy", "port": 80, "weight": 10}
REWRITE: Json = {
    "type": "URLRewrite",
    "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
}
HEADER: Json = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-a", "value": "1"}]}}
REDIRECT: Json = {"type": "RequestRedirect", "requestRedirect": {"hostname": "else.example"}}
MIRROR: Json = {"mirror": "100%", "methods": ["GET", "HEAD"], "bake": "1m"}
STEPS: list[Json] = [{"weight": 5, "bake": "2m"}, {"weight": 100, "bake": "5m"}]
MIRRORED: Json = {"kind": "canary", "steps": [MIRROR, *STEPS]}
ECS = EcsTarget(
    kind="ecs",
    region="eu-central-1",
    cluster="shop",
    listener="arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/edge/0123456789abcdef/0123456789abcdef",
    table="releases",
)


def problems(*rules: Json, strategy: Json | None = None, **changes: Any) -> list[tuple[str, str]]:
    given = {} if strategy is None else {"strategy": strategy}
    with pytest.raises(InputError) as refused:
        parse(text(route__rules=list(rules), **given, **changes), "test.yaml")
    return [(one.path, one.message) for one in refused.value.problems]


def paths(*found: str, **more: Any) -> Json:
    return {"matches": [{"path": {"value": path}} for path in found], **more}


def test_the_defaults_are_those_of_the_api() -> None:
    route = release(route__rules=[{"filters": [REWRITE]}, {"filters": [REDIRECT]}]).route
    first, second = route.rules or ()
    assert [(one.path.type, one.path.value, one.method) for one in first.matched] == [("PathPrefix", "/", None)]
    assert (first.own is not None, second.own, second.backends) == (True, None, ())
    assert second.filters[0].request_redirect is not None
    assert second.filters[0].request_redirect.status_code == 302


def test_rules_stand_in_what_the_engine_stores_only_where_there_are_any() -> None:
    nowhere = MetricsSource(kind="prometheus", url="http://none.invalid")
    where = KubernetesTarget(namespace="shop")

    def wire(**changes: Any) -> Json:
        found = RolloutInputs.of(release(**changes), target=where, metrics=nowhere, manifest="m.yaml")
        assert RolloutInputs.model_validate(found.to_wire()) == found
        return found.to_wire()

    assert "rules" not in wire()["route"]
    ruled = wire(route__rules=[{"backendRefs": [{"weight": 90}, LEGACY]}])
    assert [one.get("name") for one in ruled["route"]["rules"][0]["backendRefs"]] == [None, "legacy"]


@pytest.mark.parametrize(
    ("rule", "place", "message"),
    [
        ({"sessionPersistence": {"type": "Cookie"}}, "", "sessionPersistence keeps clients on one side"),
        ({"backendRefs": [{"port": 80}]}, ".backendRefs[0]", "port without a name"),
        ({"backendRefs": [{"weight": 0}, LEGACY]}, ".backendRefs[0]", "weight 0 of the service of the release"),
        ({"backendRefs": [{"name": "legacy"}]}, ".backendRefs[0]", "the Service legacy needs a port"),
        ({"backendRefs": [{}, {}]}, "", "two of its backends have no name"),
        ({"backendRefs": [{"weight": 999}, {**LEGACY, "weight": 1}]}, "", "its weights are too far apart"),
        ({"backendRefs": [{}, *[{**LEGACY, "name": f"b{n}"} for n in range(13)]]}, "", "13 other backends"),
        ({"backendRefs": [{}], "filters": [REDIRECT]}, "", "sends to no backend: leave backendRefs out"),
        ({"filters": [REDIRECT, REWRITE]}, "", "exclude each other"),
        ({"filters": [REWRITE, REWRITE]}, "", "URLRewrite is there twice"),
        ({"filters": [{"type": "CORS"}]}, ".filters[0]", "type CORS has the field cors and no other"),
        ({"filters": [{"type": "Magic"}]}, ".filters[0].type", "must be 'RequestHeaderModifier'"),
        ({**paths("/a", "/b"), "filters": [REWRITE]}, "", "needs exactly one match, by PathPrefix"),
        (paths("a"), ".matches[0].path", "is no path as a request has it"),
        (paths("/a/../b"), ".matches[0].path", "is no path as a request has it"),
        ({"matches": [{"headers": [{"name": name, "value": "1"} for name in "aA"]}]}, ".matches[0]", "twice"),
        ({"timeouts": {"request": "soon"}}, ".timeouts.request", "must match pattern"),
        ({"soon": 1}, ".soon", "is not a known field"),
    ],
)  # fmt: skip
def test_what_the_api_or_a_rollout_cannot_take_is_refused_at_its_place(rule: Json, place: str, message: str) -> None:
    found = problems(rule)
    assert f"route.rules[0]{place}" in [path for path, _ in found]
    assert any(message in told for _, told in found), found


def test_what_one_rule_says_is_not_said_twice() -> None:
    found = dict(problems({}, route__matches=[{"path": "/a"}], route__timeout="5s", route__affinity={"cookie": "side"}))
    assert found.keys() == {"route.matches", "route.timeout", "route.affinity.cookie"}


def test_a_route_without_the_service_is_none() -> None:
    [(place, message)] = problems({"backendRefs": [LEGACY]})
    assert (place, message) == ("route.rules", "no rule sends to the service of the release")


def test_names_of_rules_are_their_own() -> None:
    assert problems({"name": "a"}, {"name": "a"}) == [
        ("route.rules[0].name", "a is there twice"),
        ("route.rules[1].name", "a is there twice"),
    ]


def test_a_timeout_of_any_rule_is_kept_by_the_drain_and_the_longest_by_what_is_slow() -> None:
    slow = [{"name": "slow", "kind": "latency", "threshold": "4s", "tolerate": 1.1, "negligible": "1%"}]
    two = ({"timeouts": {"request": "2s"}}, paths("/a", timeouts={"request": "3s"}))
    assert [path for path, _ in problems(*two, guardrails=slow)] == ["guardrails[0].threshold"]
    parse(text(route__rules=[*two, paths("/b")], guardrails=slow), "test.yaml")
    [(place, message)] = problems(paths("/a", timeouts={"request": "2m"}), {})
    assert place == "workload.drain" and "timeouts.request in route.rules allows 2m" in message
    assert [seconds_of(one) for one in ("1m30s500ms", "0s", "1h")] == [90.5, None, 3600.0]


def test_the_limits_of_the_api_hold_with_the_rules_that_a_rollout_adds() -> None:
    nine = [paths(f"/{n}") for n in range(9)]
    assert problems(*nine, strategy=STRATEGIES["blue-green"]) == [
        ("route.rules", "18 rules with the 9 that a rollout adds are more than 16")
    ]
    parse(text(route__rules=nine), "test.yaml")
    many = [paths(*(f"/{n}/{m}" for m in range(40))) for n in range(2)]
    assert [message for _, message in problems(*many, strategy=MIRRORED)] == [
        "240 matches with the 2 that a rollout adds are more than 128 of all rules together",
        "a rule that copies requests would have 80 matches, more than 64",
    ]


def test_filters_of_the_services_own_backend_are_refused_where_they_keep_it_from_being_counted() -> None:
    def refused(profile: str, **changes: Any) -> list[str]:
        metrics = MetricsSource.model_validate({"kind": "prometheus", "url": "http://p.example", "profile": profile})
        return [one.path for one in uncounted_filters(metrics, release(**changes).route)]

    own = paths("/a", backendRefs=[LEGACY, {"weight": 90, "filters": [HEADER]}])
    assert refused("envoy-gateway", route__rules=[{}, own]) == ["route.rules[1].backendRefs[1].filters"]
    others = paths("/a", backendRefs=[{"weight": 90}, {**LEGACY, "filters": [HEADER]}], filters=[HEADER])
    assert refused("envoy-gateway", route__rules=[{}, others]) == refused("contour", route__rules=[own]) == []
    assert refused("envoy-gateway") == []


def test_a_cookie_that_keeps_clients_is_a_filter_of_each_backend() -> None:
    metrics = MetricsSource.model_validate(
        {"kind": "prometheus", "url": "http://p.example", "profile": "envoy-gateway"}
    )
    found = release(route__affinity={"cookie": "side"}).route
    assert [one.path for one in uncounted_filters(metrics, found)] == ["route.affinity.cookie"]


def test_the_header_of_a_preview_is_one_more_in_each_match() -> None:
    asked = {"matches": [{"headers": [{"name": "X-Preview", "value": "a"}]}]}
    [(place, message)] = problems(asked, strategy=STRATEGIES["blue-green"])
    assert (place, message) == ("route.rules[0].matches[0].headers", "x-preview leads to the preview")
    full = {"matches": [{"headers": [{"name": f"x-{n}", "value": "a"} for n in range(16)]}]}
    [(place, _)] = problems(full, strategy=STRATEGIES["blue-green"])
    assert place == "route.rules[0].matches[0].headers"
    other = {**asked, "backendRefs": [LEGACY]}
    parse(text(route__rules=[other, {}], strategy=STRATEGIES["blue-green"]), "test.yaml")


GOLD = [{"name": "x-tier", "value": "gold"}]
ELSEWHERE: Json = {"backendRefs": [LEGACY]}


@pytest.mark.parametrize(
    "other",
    [
        {"matches": [{"headers": GOLD}], **ELSEWHERE},
        {"matches": [{"queryParams": GOLD}], **ELSEWHERE},
        {"matches": [{"method": "GET"}], **ELSEWHERE},
        {"matches": [{"method": "GET"}], "timeouts": {"request": "1s"}},
    ],
    ids=["header", "parameter", "method", "own rule with a method"],
)
def test_a_mirror_step_takes_no_request_from_another_rule(other: Json) -> None:
    """Its copies have a method, and that counts before headers."""
    assert [place for place, _ in problems({}, other, strategy=MIRRORED)] == ["route.rules[0].matches"]


@pytest.mark.parametrize(
    "other",
    [
        {"matches": [{"headers": GOLD}]},
        {"matches": [{"method": "POST"}], **ELSEWHERE},
        {"matches": [{"method": "GET", "headers": GOLD}], **ELSEWHERE},
        {"matches": [{"path": {"value": "/else"}}], **ELSEWHERE},
        ELSEWHERE,
    ],
    ids=["copied too", "another method", "more to it", "another path", "never asked"],
)
def test_a_mirror_step_may_stand_beside_rules_that_lose_nothing(other: Json) -> None:
    parse(text(route__rules=[{}, other], strategy=MIRRORED), "test.yaml")


def test_a_mirror_step_needs_a_rule_with_its_methods_and_room_for_a_filter() -> None:
    [(place, _)] = problems({"matches": [{"method": "POST"}]}, strategy=MIRRORED)
    assert place == "strategy.steps[0].methods"
    extension = {"group": "example.com", "kind": "Policy", "name": "p"}
    filters = [{"type": "ExtensionRef", "extensionRef": {**extension, "name": f"p{n}"}} for n in range(16)]
    [(place, _)] = problems({"filters": filters}, strategy=MIRRORED)
    assert place == "route.rules[0].filters"


def test_other_targets_have_no_rules() -> None:
    found = release(route__rules=[{}], route__gateway=ABSENT)
    assert isinstance(found.strategy, Canary)
    where = {"region": "eu-central-1", "account": "123456789012", "table": "releases"}
    function = LambdaTarget.model_validate({"kind": "lambda", **where, "aliases": {"checkout": "live"}})
    for target in (ECS, function):
        refused = [one.path for one in refused_by(target, "checkout", found.route, found.strategy)]
        assert "route.rules" in refused


def test_services_collide_in_any_of_their_rules() -> None:
    one = release(service="one", route__rules=[paths("/a"), paths("/b/", backendRefs=[LEGACY]), paths("/c")])
    assert len([*collisions([one, release(service="two", route__matches=[{"path": "/b"}])])]) == 1
    assert [*collisions([one, release(service="two", route__matches=[{"path": "/d"}])])] == []
    asked = {"matches": [{"path": {"value": "/a"}, "queryParams": [{"name": "v", "value": "2"}]}]}
    assert [*collisions([one, release(service="two", route__rules=[asked])])] == []


def test_credentials_may_be_allowed_to_other_origins() -> None:
    cors = {"allowOrigins": ["https://shop.example"], "allowCredentials": True}
    found = release(route__rules=[{"filters": [{"type": "CORS", "cors": cors}]}]).route.rules
    assert found is not None and found[0].filters[0].cors is not None
    assert (found[0].filters[0].cors.allow_credentials, found[0].filters[0].cors.max_age) == (True, 5)
