from __future__ import annotations

from sandbox.standins.external_metrics import ROOT, answer

VALUES = {"load": {"aaaa": 4, "bbbb": 1}, "other": {"aaaa": 9}}
METRIC = f"{ROOT}/namespaces/shop/load"


def values(path: str) -> dict[str, str]:
    found = answer(path, VALUES)
    assert found["kind"] == "ExternalMetricValueList"
    return {one["metricLabels"]["revision"]: one["value"] for one in found["items"]}


def test_a_metric_has_the_values_that_its_selector_fits() -> None:
    assert values(f"{METRIC}?labelSelector=revision%3Daaaa") == {"aaaa": "4"}
    assert values(METRIC) == {"aaaa": "4", "bbbb": "1"}


def test_what_has_no_value_is_an_empty_list_and_not_zero() -> None:
    assert values(f"{METRIC}?labelSelector=revision%3Dcccc") == {}
    assert values(f"{ROOT}/namespaces/shop/unknown") == {}


def test_the_api_server_learns_what_is_served() -> None:
    found = answer(ROOT, VALUES)
    assert (found["kind"], found["groupVersion"]) == ("APIResourceList", "external.metrics.k8s.io/v1beta1")
