"""Where a service is released, in its short and its long form, and which of its changes mean another place."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from slipway.release.errors import InputError
from slipway.release.target import Target, Targeted, moving_fields, recorded_target

EU: dict[str, Any] = {"name": "eu", "context": "eu-prod", "namespace": "shop"}


def test_the_short_form_is_a_namespace_of_the_default_cluster() -> None:
    assert Targeted(namespace="shop").where == Target(name="default", context=None, namespace="shop")


@pytest.mark.parametrize(
    "plain",
    [{"namespace": "shop"}, {"kind": "kubernetes", "name": "default", "namespace": "shop"}, Target(namespace="shop")],
)
def test_a_target_that_the_short_form_says_too_is_written_as_before_there_were_targets(plain: Any) -> None:
    written = Targeted.model_validate({"target": plain}).model_dump(exclude_none=True)
    assert written == {"namespace": "shop"}


def test_a_named_cluster_is_written_in_full() -> None:
    written = Targeted.model_validate({"target": EU}).model_dump(exclude_none=True)
    assert written == {"target": {"kind": "kubernetes", **EU}}
    assert Targeted.model_validate(written).where == Target.model_validate(EU)


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ({}, ("namespace",), "Field required"),
        ({"namespace": "Shop"}, ("namespace",), "should match"),
        ({"target": {"name": "eu"}}, ("target", "namespace"), "Field required"),
        ({"target": {**EU, "kind": "ecs"}}, ("target", "kind"), "'kubernetes'"),
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
    assert Target(namespace="shop").identity_of("checkout") == "shop/checkout"
    assert Target.model_validate(EU).identity_of("checkout") == "eu/shop/checkout"


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
    assert recorded_target({"target": {**EU, "region": "x"}}) == Target.model_validate(EU)
    assert recorded_target({"namespace": "shop", "weights": {}}) == Target(namespace="shop")


@pytest.mark.parametrize("recorded", [{}, {"namespace": 7}, {"target": "shop"}, {"target": {}}])
def test_a_record_that_names_none_is_refused(recorded: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="namespace: the recorded state does not name it"):
        recorded_target(recorded)
