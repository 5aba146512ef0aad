"""Where the records of a service are looked for in a stack with several places."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.cli import chains
from slipway.cli.chains import Place, find_place
from slipway.cli.looking import overviews_of
from slipway.release.target import KubernetesTarget, Target

OWN, EU = KubernetesTarget(namespace="shop"), KubernetesTarget(name="eu", namespace="carts")
RECORDED = {OWN: ["checkout"], EU: ["cart", "gone"]}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    def recorded(target: Target, *_: object) -> list[str]:
        assert isinstance(target, KubernetesTarget)
        return RECORDED[target]

    monkeypatch.setattr(chains, "services_recorded", recorded)
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("""config:
  releases:namespace: shop
  releases:services: {checkout: {manifest: 1.yaml}, cart: {manifest: 2.yaml, place: eu}, new: {manifest: 3.yaml}}
  releases:places: {eu: {target: {name: eu, namespace: carts}}}
""")
    return find_place(tmp_path, "prod", None)


def test_the_services_of_all_places_are_known(place: Place) -> None:
    assert place.services() == ["cart", "checkout", "gone", "new"]


def test_records_are_in_the_place_of_the_service_or_where_some_of_it_are(place: Place) -> None:
    assert [place.target_of(service) for service in ("cart", "new", "gone", "unknown")] == [EU, OWN, EU, OWN]


def test_each_place_of_a_stack_is_looked_at(place: Place) -> None:
    found = overviews_of(place)
    assert [(one.view.name, one.view.target) for one in found] == [("prod", OWN), ("prod (eu)", EU)]
    (alone,) = overviews_of(place, "cart")
    assert (alone.view.name, alone.view.target) == ("prod (eu)", EU)
