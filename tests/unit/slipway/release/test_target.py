"""Where a service is released, in its short and its long form, and which of its changes mean another place."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from slipway.release.errors import InputError
from slipway.release.target import (
    EcsTarget,
    KubernetesTarget,
    LambdaTarget,
    Target,
    Targeted,
    moving_fields,
    other_rule,
    parse_target,
    read_target,
    recorded_target,
)
from tests.targets import LISTENER, ecs_target

EU: dict[str, Any] = {"name": "eu", "context": "eu-prod", "namespace": "shop"}


def test_the_short_form_is_a_namespace_of_the_default_cluster() -> None:
    assert Targeted(namespace="shop").where == KubernetesTarget(name="default", context=None, namespace="shop")


@pytest.mark.parametrize(
    "plain",
    [
        {"namespace": "shop"},
        {"kind": "kubernetes", "name": "default", "namespace": "shop"},
        KubernetesTarget(namespace="shop"),
    ],
)
def test_a_target_that_the_short_form_says_too_is_written_as_before_there_were_targets(plain: Any) -> None:
    written = Targeted.model_validate({"target": plain}).model_dump(exclude_none=True)
    assert written == {"namespace": "shop"}


def test_a_named_cluster_is_written_in_full() -> None:
    written = Targeted.model_validate({"target": EU}).model_dump(exclude_none=True)
    assert written == {"target": {"kind": "kubernetes", **EU}}
    assert Targeted.model_validate(written).where == parse_target(EU)


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ({}, ("namespace",), "Field required"),
        ({"namespace": "Shop"}, ("namespace",), "should match"),
        ({"target": {"name": "eu"}}, ("target", "kubernetes", "namespace"), "Field required"),
        ({"target": {**EU, "kind": "nomad"}}, ("target",), "'kubernetes', 'ecs'"),
        ({"target": EU, "namespace": "shop"}, ("namespace",), "beside target"),
    ],
)
def test_what_names_no_target_or_two_is_refused_at_its_field(
    given: dict[str, Any], place: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Targeted.model_validate(given)
    (error,) = refused.value.errors()
    assert error["loc"] == place
    assert words in error["msg"]


def test_ids_of_the_default_cluster_are_those_of_before_and_others_name_their_cluster() -> None:
    assert KubernetesTarget(namespace="shop").identity_of("checkout") == "shop/checkout"
    assert parse_target(EU).identity_of("checkout") == "eu/shop/checkout"


@pytest.mark.parametrize(
    ("old", "new", "moving"),
    [
        ({"namespace": "shop"}, {"namespace": "shop"}, ()),
        ({"namespace": "shop"}, {"target": {"context": "eu-prod", "namespace": "shop"}}, ()),
        ({"target": EU}, {"target": {**EU, "context": "another"}}, ()),
        ({"target": EU}, {"target": {**EU, "name": "us"}}, ("target",)),
        ({"namespace": "shop"}, {"target": EU}, ("target", "namespace")),
        ({"namespace": "shop"}, {"namespace": "new"}, ("namespace",)),
        ({}, {"namespace": "new"}, ("namespace",)),
    ],
)
def test_another_cluster_or_namespace_is_another_place_and_another_context_is_not(
    old: dict[str, Any], new: dict[str, Any], moving: tuple[str, ...]
) -> None:
    assert moving_fields({"service": "checkout", **old}, {"service": "checkout", **new}) == moving
    assert moving_fields({"service": "cart", **old}, {"service": "checkout", **new}) == ("service", *moving)


def test_a_recorded_target_may_hold_what_only_another_version_knows() -> None:
    assert recorded_target({"target": {**EU, "region": "x"}}) == parse_target(EU)
    assert recorded_target({"namespace": "shop", "weights": {}}) == KubernetesTarget(namespace="shop")


SHOP = ecs_target(checkout=110, cart=120)


def ecs(**changes: Any) -> EcsTarget:
    found = parse_target({**SHOP, **changes})
    assert isinstance(found, EcsTarget)
    return found


def test_a_target_of_ecs_names_its_load_balancer_and_is_read_back_as_it_was_written() -> None:
    where = Targeted.model_validate({"target": SHOP}).where
    assert where == ecs()
    assert Targeted.model_validate(Targeted(target=where).model_dump(mode="json", exclude_none=True)).where == where
    assert read_target(ecs().model_dump_json()) == where
    assert recorded_target({"target": {**SHOP, "later": 1}}) == where
    assert (str(where), where.scope, ecs().load_balancer) == ("eu-central-1/shop", "shop", "app/shop/0123456789abcdef")
    assert where.identity_of("checkout") == "ecs/eu-central-1/shop/checkout"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"listener": LISTENER.replace("eu-central", "us-east")}, "is in the region us-east-1"),
        ({"rules": {"checkout": 110, "cart": 111}}, "cart has 111 and checkout has 110: leave the number below each"),
        ({"rules": {"checkout": 1}}, "greater than or equal to 2"),
        ({"listener": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/net/a/b/c"}, "pattern"),
        ({"cluster": "arn:aws:ecs:eu-central-1:123456789012:cluster/shop"}, "pattern"),
    ],
)
def test_a_target_of_ecs_that_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        parse_target({**SHOP, **changes})


def test_a_target_of_ecs_can_be_remembered_by() -> None:
    assert {ecs(): 1}[ecs()] == 1
    assert ecs(rules={}) not in {ecs()}


def test_what_concerns_one_service_is_no_change_for_another() -> None:
    assert ecs().at("checkout") == ecs(rules={"checkout": 110, "new": 130}).at("checkout")
    assert ecs().at(None) == ecs(rules={})


def _hold_apart(old: Target, new: Target, moving: tuple[str, ...], reason: str | None) -> None:
    """What moves between two targets of one service, and why an update of it is refused."""
    wires = [{"service": "checkout", "target": one.model_dump(mode="json")} for one in (old, new)]
    assert moving_fields(*wires) == moving
    assert (old.place == new.place) is (moving == ()), "two places are never one key of what is remembered"
    assert (other_rule(old, new) or "").startswith(reason or "")
    assert (other_rule(old, new) is None) is (reason is None)


@pytest.mark.parametrize(
    ("changes", "moving", "reason"),
    [
        ({}, (), None),
        ({"rules": {"checkout": 112}}, (), "target.rules.checkout: the rule has 110"),
        ({"listener": LISTENER[:-1] + "0"}, (), "target.listener: the rule stands at"),
        ({"cluster": "other"}, ("target",), None),
        ({"table": "other"}, ("target",), None),
    ],
)
def test_another_cluster_or_table_is_another_place_and_a_rule_is_not_moved(
    changes: dict[str, Any], moving: tuple[str, ...], reason: str | None
) -> None:
    old, new = ecs().at("checkout"), ecs(**changes).at("checkout")
    _hold_apart(old, new, moving, reason)


FUNCTIONS: dict[str, Any] = {
    "kind": "lambda",
    "region": "eu-central-1",
    "account": "123456789012",
    "table": "slipway-shop",
    "aliases": {"checkout": "live"},
}


def functions(**changes: Any) -> LambdaTarget:
    found = parse_target({**FUNCTIONS, **changes})
    assert isinstance(found, LambdaTarget)
    return found


@pytest.mark.parametrize(
    ("changes", "moving", "reason"),
    [
        ({}, (), None),
        ({"aliases": {"checkout": "other"}}, (), "target.aliases.checkout: users invoke live"),
        ({"aliases": {"checkout": "checkout-prod:live"}}, (), "target.aliases.checkout: users invoke live"),
        ({"aliases": {"checkout": "checkout:live"}}, (), None),
        ({"aliases": {"checkout": "live", "cart": "live"}}, (), None),
        ({"region": "us-east-1"}, ("target",), None),
        ({"account": "210987654321"}, ("target",), None),
        ({"table": "other"}, ("target",), None),
    ],
)
def test_another_account_region_or_table_is_another_place_of_functions_and_an_alias_is_not_moved(
    changes: dict[str, Any], moving: tuple[str, ...], reason: str | None
) -> None:
    old, new = functions().at("checkout"), functions(**changes).at("checkout")
    _hold_apart(old, new, moving, reason)


def test_two_targets_with_the_same_table_are_one_place_only_where_they_are_of_one_kind() -> None:
    assert functions().place != ecs(cluster="123456789012").place
    assert moving_fields({"target": SHOP}, {"target": FUNCTIONS}) == ("target",)


def test_from_kubernetes_to_ecs_is_another_place() -> None:
    assert moving_fields({"namespace": "shop"}, {"target": SHOP}) == ("target", "namespace")


@pytest.mark.parametrize("recorded", [{}, {"namespace": 7}, {"target": "shop"}, {"target": {}}])
def test_a_record_that_names_none_is_refused(recorded: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="namespace: the recorded state does not name it"):
        recorded_target(recorded)


def test_an_alias_may_name_its_function_which_has_the_name_of_the_service_otherwise() -> None:
    found = functions(aliases={"checkout": "live", "cart": "cart-staging:live"})
    assert [(found.function_of(name), found.alias_of(name)) for name in ("checkout", "cart", "shop")] == [
        ("checkout", "live"),
        ("cart-staging", "live"),
        ("shop", None),
    ]
    assert functions(aliases={"checkout": "checkout:live"}) == functions(aliases={"checkout": "live"})


@pytest.mark.parametrize("invoked", ["checkout:live", "a:b:live", "checkout:", ":live", f"{'a' * 65}:live"])
def test_a_function_has_one_service_and_a_name_that_lambda_takes(invoked: str) -> None:
    with pytest.raises(ValidationError):
        functions(aliases={"checkout": "live", "cart": invoked})
