from __future__ import annotations

import pytest

from slipway.release.collisions import collisions
from slipway.release.manifest.release import Release
from tests.manifests import release

PREVIEW = {"kind": "blue-green", "preview": {"host": "preview.example"}}


def service(name: str, **changes: object) -> Release:
    return release(service=name, **changes)


def found(*releases: Release) -> list[str]:
    return [problem.path for problem in collisions(releases)]


def test_two_services_cannot_claim_the_same_requests() -> None:
    (problem,) = collisions([service("checkout"), service("cart")])
    assert problem.path == "services.cart"
    assert "checkout.example" in problem.message
    assert "checkout does" in problem.message


def test_every_pair_is_named() -> None:
    assert found(service("a"), service("b"), service("c")) == ["services.b", "services.c", "services.c"]


@pytest.mark.parametrize(
    "changes",
    [
        {"route__hostnames": ["cart.example"]},
        {"route__hostnames": ["*.example"]},
        {"route__matches": [{"path": "/cart"}]},
        {"route__matches": [{"method": "POST"}]},
        {"route__matches": [{"headers": [{"name": "x-team", "value": "cart"}]}]},
        {"route__gateway": {"namespace": "edge", "name": "internal"}},
        {"route__gateway": {"namespace": "other", "name": "public"}},
    ],
    ids=str,
)
def test_requests_that_can_be_told_apart_are_no_collision(changes: dict[str, object]) -> None:
    assert found(service("checkout"), service("cart", **changes)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([{"path": "/a"}], [{"path": "/b"}, {"path": "/a/"}]),
        ([{"headers": [{"name": "X-Team", "value": "1"}]}], [{"headers": [{"name": "x-team", "value": "1"}]}]),
    ],
)
def test_matches_are_compared_by_what_they_match(one: object, other: object) -> None:
    assert found(service("a", route__matches=one), service("b", route__matches=other)) == ["services.b"]


def test_listeners_of_one_gateway_are_apart_when_both_are_named() -> None:
    gateways = [{"namespace": "edge", "name": "public", "section": section} for section in ("http", "https")]
    first, second = (service(name, route__gateway=gateway) for name, gateway in zip("ab", gateways, strict=True))
    assert found(first, second) == []
    assert found(first, service("c")) == ["services.c"]


def test_a_preview_host_is_a_claim_too() -> None:
    other = service("preview", route__hostnames=["preview.example"])
    assert found(service("checkout", strategy=PREVIEW), other) == ["services.preview"]
