"""A stack with services in several places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slipway import settings
from slipway.release.errors import InputError, Problem
from tests.manifests import text
from tests.targets import LISTENER, NETWORK, ecs_target

TARGET = ecs_target(cart=110)
AWS: dict[str, Any] = {
    "target": TARGET,
    "ecs": NETWORK,
    "metrics": {"kind": "cloudwatch"},
    "gatewayUrl": "http://alb.example",
}
ERRORS = [{"name": "errors", "kind": "error-ratio", "tolerate": 1.1}]
LAMBDA: dict[str, Any] = {
    "target": {"kind": "lambda", "region": "eu-central-1", "account": "123456789012", "table": "slipway-functions"},
    "lambda": {"role": "arn:aws:iam::123456789012:role/thumbs"},
    "metrics": {"kind": "cloudwatch"},
}


def stack(root: Path, *, places: dict[str, Any] | None = None, cart: object = "aws", **changes: Any) -> dict[str, str]:
    """The keys of a stack with checkout in its own place, on Kubernetes, and cart in another one, on ECS."""
    (root / "checkout.yaml").write_text(text())
    on_ecs = {"route__gateway": None, "route__timeout": None, "guardrails": ERRORS}
    (root / "cart.yaml").write_text(text(service="cart", **on_ecs))
    services = {"checkout": {"manifest": "checkout.yaml"}, "cart": {"manifest": "cart.yaml", "place": cart}}
    values = {
        "namespace": "shop",
        "metrics": {"kind": "prometheus", "url": "http://prometheus.example:9090"},
        "services": services,
        "places": {"aws": AWS} if places is None else places,
        **changes,
    }
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def refused(raw: dict[str, str], root: Path) -> dict[str, Problem]:
    with pytest.raises(InputError) as error:
        settings.parse(raw, root)
    return {problem.path: problem for problem in error.value.problems}


def test_each_service_has_the_target_and_the_metrics_of_its_place(tmp_path: Path) -> None:
    read = settings.parse(stack(tmp_path), tmp_path)
    cart, checkout = (read.places[service.at] for service in read.services)
    assert (str(checkout.target), checkout.metrics.kind, checkout.gateway_url) == ("shop", "prometheus", None)
    assert (str(cart.target), cart.metrics.kind, cart.gateway_url) == (
        "eu-central-1/shop",
        "cloudwatch",
        "http://alb.example",
    )
    assert cart.ecs is not None
    assert read.own == checkout


def test_what_a_stack_has_once_is_no_place_s(tmp_path: Path) -> None:
    image = f"registry.example/slipway@sha256:{'0' * 64}"
    read = settings.parse(stack(tmp_path, run={"in": "cluster", "image": image}, access={}), tmp_path)
    assert read.own.run is not None
    assert read.places["aws"].run is None
    found = refused(stack(tmp_path, places={"aws": {**AWS, "run": {"in": "host"}, "flags": {}}}), tmp_path)
    assert set(found) == {"places.aws.run", "places.aws.flags"}


def test_everything_that_is_wrong_with_a_place_is_listed_by_its_field(tmp_path: Path) -> None:
    wrong = {"target": {**TARGET, "cluster": "shop!", "rules": {"cart": 1}}, "metrics": {"kind": "abacus"}}
    found = refused(stack(tmp_path, places={"aws": {**AWS, **wrong, "colour": "blue"}, "Far!": AWS}), tmp_path)
    assert set(found) == {
        "places.aws.target.cluster",
        "places.aws.target.rules.cart",
        "places.aws.metrics.kind",
        "places.aws.colour",
        'places."Far!"',
    }
    assert "releases:places.aws.target" in found["places.aws.target.cluster"].remedy


def test_what_does_not_fit_the_target_of_a_place_is_named_there(tmp_path: Path) -> None:
    places = {"aws": {"target": {**TARGET, "rules": {}}, "metrics": AWS["metrics"], "probe": {"rate": 5, "path": "/"}}}
    found = refused(stack(tmp_path, places=places), tmp_path)
    assert set(found) == {"places.aws.ecs", "places.aws.gatewayUrl", "cart.yaml: target.rules"}
    assert found["places.aws.ecs"].remedy.startswith("Write releases:places.aws.ecs: {vpc")
    assert "releases:places.aws.target.rules.cart" in found["cart.yaml: target.rules"].remedy


def test_a_place_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    found = refused(stack(tmp_path, cart="asw"), tmp_path)
    assert set(found) == {"services.cart.place"}
    assert "(there: aws)" in found["services.cart.place"].message


def test_the_same_host_at_two_gateways_is_no_collision(tmp_path: Path) -> None:
    assert settings.parse(stack(tmp_path), tmp_path)  # both manifests name checkout.example
    found = refused(stack(tmp_path, cart=None), tmp_path)
    assert "is missing" in found["cart.yaml: route.gateway"].message


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ({**AWS, "target": {"namespace": "shop"}, "ecs": None}, "places.other.target"),
        ({**AWS, "target": {**TARGET, "cluster": "other", "listener": f"{LISTENER[:-1]}0"}}, "places.other.target"),
        ({**LAMBDA, "target": {**LAMBDA["target"], "table": "slipway-shop"}}, "places.other.target"),
        ({**AWS, "target": {**TARGET, "table": "other", "rules": {"a": 109}}}, "places.other.target.rules.a"),
    ],
)
def test_places_share_neither_records_nor_priorities(place: dict[str, Any], path: str, tmp_path: Path) -> None:
    given = {key: value for key, value in place.items() if value is not None}
    if given["target"].get("namespace"):
        given["metrics"] = {"kind": "prometheus", "url": "http://prometheus.example:9090"}
    assert path in refused(stack(tmp_path, places={"aws": AWS, "other": given}), tmp_path)


def test_a_third_place_has_functions(tmp_path: Path) -> None:
    read = settings.parse(stack(tmp_path, places={"aws": AWS, "functions": LAMBDA}), tmp_path)
    assert list(read.places) == [None, "aws", "functions"]
