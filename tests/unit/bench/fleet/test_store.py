"""The API server and the Prometheus of the fleet benchmark do what the real ones do, as far as rollouts ask."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from bench.fleet import objects
from bench.fleet.counters import RATE, Counters
from bench.fleet.server import World
from bench.fleet.store import Store, matches

FOLDER = "/api/v1/namespaces/shop/configmaps"


def sent(store: Store, method: str, path: str, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    code, body = store.answer(method, path, {}, json.dumps(content).encode())
    return code, json.loads(body)


def test_a_write_that_names_an_old_version_conflicts() -> None:
    store = Store()
    code, made = sent(store, "POST", FOLDER, {"metadata": {"name": "a"}, "data": {"x": "1"}})
    assert code == 200
    version = made["metadata"]["resourceVersion"]
    newer = {"metadata": {"name": "a", "resourceVersion": version}, "data": {"x": "2"}}
    assert sent(store, "PUT", f"{FOLDER}/a", newer)[0] == 200
    assert sent(store, "PUT", f"{FOLDER}/a", newer)[0] == 409
    assert sent(store, "POST", FOLDER, {"metadata": {"name": "a"}})[0] == 409
    assert sent(store, "PUT", f"{FOLDER}/b", newer)[0] == 404


@pytest.mark.parametrize(
    ("selector", "fits"),
    [("a=1", True), ("a=2", False), ("a in (1,3),b=2", True), ("b=2,a in (3,4)", False), ("c=1", False), ("", True)],
)
def test_selectors_by_equality_and_by_set(selector: str, fits: bool) -> None:
    assert matches(selector, {"labels": {"a": "1", "b": "2"}}) is fits


def test_every_service_has_two_ready_versions() -> None:
    world = World(2)
    for path, number in (("deployments", 4), ("pods", 12)):
        group = "apis/apps/v1" if path == "deployments" else "api/v1"
        _, body = world.answer("GET", f"/{group}/namespaces/shop/{path}", b"")
        assert len(json.loads(body)["items"]) == number
    assert world.counts == {"LIST deployments": 1, "LIST pods": 1}


def test_requests_are_counted_where_the_route_sends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    old, new = (objects.backend("service-0000", which) for which in (objects.OLD, objects.NEW))
    counted = Counters(lambda: {"service-0000": {old.entry: 75.0, new.entry: 25.0}})
    now[0] += 4.0
    clusters = "|".join(f"shop_{side.entry}_8080" for side in (old, new))
    rows = json.loads(counted.answer(f'{{envoy_cluster_name=~"{clusters}|"}}[5s]'))["data"]["result"]
    found = {
        row["metric"]["envoy_cluster_name"]: float(row["values"][-1][1])
        for row in rows
        if row["metric"]["__name__"] == "envoy_cluster_upstream_rq"
    }
    assert found == {f"shop_{old.entry}_8080": 3 * RATE, f"shop_{new.entry}_8080": RATE}
