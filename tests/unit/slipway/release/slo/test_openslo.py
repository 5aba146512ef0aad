"""Documents of OpenSLO."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.release.errors import InputError
from slipway.release.manifest.document import read_document
from slipway.release.slo.model import Slo
from slipway.release.slo.openslo import parse
from slipway.release.slo.reading import read_alerting
from tests.unit.slipway.release.slo.examples import document, slo

DOCUMENT: dict[str, Any] = {
    "apiVersion": "openslo/v1",
    "kind": "SLO",
    "metadata": {
        "name": "checkout-availability",
        "annotations": {
            "slipway.dev/owner": "team-checkout",
            "slipway.dev/runbook": "https://runbooks.example/checkout",
            "slipway.dev/dashboard": "https://dashboards.example/checkout",
        },
    },
    "spec": {
        "service": "checkout",
        "indicator": {
            "metadata": {"name": "availability"},
            "spec": {
                "ratioMetric": {
                    "counter": True,
                    "bad": {
                        "metricSource": {
                            "type": "Prometheus",
                            "spec": {"query": 'sum(http_requests_total{service="checkout",code=~"5.."})'},
                        }
                    },
                    "total": {"metricSource": {"spec": {"query": 'http_requests_total{service="checkout"}'}}},
                }
            },
        },
        "timeWindow": [{"duration": "30d", "isRolling": True}],
        "budgetingMethod": "Occurrences",
        "objectives": [{"target": 0.999}],
    },
}


def read(content: dict[str, Any]) -> Slo:
    return parse(read_document(yaml.safe_dump(content), "slo.yaml"), "slo.yaml")


def changed(path: str, value: object) -> dict[str, Any]:
    content = copy.deepcopy(DOCUMENT)
    *before, last = path.split(".")
    place: Any = content
    for step in before:
        place = place[int(step) if step.isdecimal() else step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


def test_a_document_is_the_same_objective_as_our_own_format_says() -> None:
    assert read(DOCUMENT) == slo()


def test_a_target_in_percent_and_a_period_in_weeks_are_read() -> None:
    found = read(changed("spec.objectives", [{"targetPercent": 99.5}]))
    assert found.objective == pytest.approx(0.995)
    assert read(changed("spec.timeWindow.0.duration", "4w")).period_text == "28d"


RATIO = "spec.indicator.spec.ratioMetric"


@pytest.mark.parametrize(
    ("path", "value", "place", "words"),
    [
        ("spec.alertPolicies", ["fast"], "spec.alertPolicies", "brings its alarms along"),
        ("spec.indicatorRef", "other", "spec.indicatorRef", "inline"),
        ("spec.timeWindow.0.calendar", {}, "spec.timeWindow[0].calendar", "rolling window"),
        ("spec.timeWindow.0.isRolling", False, "spec.timeWindow[0].isRolling", "must be true"),
        ("spec.timeWindow.0.duration", "1M", "spec.timeWindow[0].duration", "days or weeks"),
        ("spec.budgetingMethod", "Timeslices", "spec.budgetingMethod", "Occurrences"),
        ("spec.objectives.0.timeSliceTarget", 0.9, "spec.objectives[0].timeSliceTarget", "Occurrences"),
        ("spec.objectives.0.target", 0.5, "spec.objectives[0]", "above 83.3%"),
        (f"{RATIO}.counter", False, f"{RATIO}.counter", "must be true"),
        (f"{RATIO}.raw", {}, f"{RATIO}.raw", "name good and total"),
        (f"{RATIO}.bad", None, f"{RATIO}.bad", "exactly one of good and bad"),
        (f"{RATIO}.total.metricSource.type", "Datadog", f"{RATIO}.total.metricSource.type", "Prometheus"),
        ("spec.indicator.spec.thresholdMetric", {}, "spec.indicator.spec.thresholdMetric", "as good, in ratioMetric"),
        ("metadata.annotations", {}, "metadata.annotations", "slipway.dev/owner, slipway.dev/runbook"),
        ("kind", "Service", "kind", "SLO"),
    ],
)
def test_what_cannot_be_carried_over_is_refused_by_its_name(path: str, value: object, place: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(changed(path, value))
    (problem,) = caught.value.problems
    assert problem.path == place
    assert words in f"{problem.message}. {problem.remedy}"
    assert problem.line is not None


def test_its_owner_needs_a_route_as_any_other(tmp_path: Path) -> None:
    content = changed("metadata.annotations", {**DOCUMENT["metadata"]["annotations"], "slipway.dev/owner": "team-x"})
    (tmp_path / "slo.yaml").write_text(yaml.safe_dump(content))
    routes = {"apiVersion": "slipway/v1", "kind": "Alerting", "routing": document()["routing"]}
    (tmp_path / "routing.yaml").write_text(yaml.safe_dump(routes))
    with pytest.raises(InputError, match=r"slipway\.dev/owner.*team-x has no route"):
        read_alerting(tmp_path, ["slo.yaml", "routing.yaml"])
