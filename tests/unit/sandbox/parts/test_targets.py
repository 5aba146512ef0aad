from __future__ import annotations

from typing import Any

from sandbox.parts.targets import targets


def pod(name: str, phase: str = "Running", address: str = "10.214.1.5", **annotations: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"slipway.dev/service": "checkout", "slipway.dev/revision": "3f9a2c1b"},
            "annotations": {f"prometheus.io/{key}": value for key, value in annotations.items()},
        },
        "status": {"phase": phase, "podIP": address},
    }


def test_a_pod_that_asks_for_it_is_scraped_under_the_names_that_queries_go_by() -> None:
    (found,) = targets([pod("checkout-1", scrape="true", port="8080")])
    assert found["targets"] == ["10.214.1.5:8080"]
    assert found["labels"] == {
        "namespace": "shop",
        "pod": "checkout-1",
        "service": "checkout",
        "revision": "3f9a2c1b",
        "__metrics_path__": "/metrics",
    }


def test_a_pod_may_have_its_metrics_elsewhere() -> None:
    (found,) = targets([pod("checkout-1", scrape="true", port="9000", path="/stats")])
    assert (found["targets"], found["labels"]["__metrics_path__"]) == (["10.214.1.5:9000"], "/stats")


def test_pods_that_do_not_ask_that_do_not_run_or_that_name_no_port_are_left_alone() -> None:
    quiet = [
        pod("a"),
        pod("b", scrape="false", port="8080"),
        pod("c", scrape="true"),
        pod("d", phase="Pending", scrape="true", port="8080"),
        pod("e", address="", scrape="true", port="8080"),
    ]
    assert targets(quiet) == []
