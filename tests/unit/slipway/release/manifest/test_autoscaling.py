"""What a manifest says of the autoscaler of a workload."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import InputError, Problem
from slipway.release.manifest.autoscaling import filled
from slipway.release.manifest.load import parse
from slipway.release.revision import declared_replicas, revision_of
from slipway.release.rollout_inputs import Autoscaled, Backend
from slipway.release.strategy import chosen
from slipway.release.target import KubernetesTarget
from tests.manifests import ABSENT, STRATEGIES, release, text

SHOP = KubernetesTarget(namespace="shop")
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "500m"}}}
QUEUE = {
    "type": "External",
    "external": {
        "metric": {"name": "rps", "selector": {"matchLabels": {"revision": "{revision}"}}},
        "target": {"type": "AverageValue", "averageValue": "50"},
    },
}
HPA: dict[str, Any] = {"min": 2, "max": 10, "metrics": [CPU, QUEUE]}
TRIGGER = {"type": "prometheus", "metadata": {"query": 'sum(rate(rps{revision="{revision}"}[1m]))', "threshold": "50"}}
KEDA: dict[str, Any] = {"keda": {"minReplicaCount": 3, "maxReplicaCount": 12, "triggers": [TRIGGER]}}


def scaled(autoscaling: object, **more: object) -> dict[str, object]:
    return {"workload__replicas": ABSENT, "workload__autoscaling": autoscaling, **more}


def problems(**changes: object) -> dict[str, Problem]:
    with pytest.raises(InputError) as refused:
        parse(text(**changes), "test.yaml")
    return {problem.path: problem for problem in refused.value.problems}


@pytest.mark.parametrize(("autoscaling", "kind", "least", "most"), [(HPA, "hpa", 2, 10), (KEDA, "keda", 3, 12)])
def test_an_autoscaler_stands_instead_of_replicas(autoscaling: object, kind: str, least: int, most: int) -> None:
    backend = Backend.of(release(**scaled(autoscaling)), SHOP)
    assert backend.autoscaled == Autoscaled.model_validate({"kind": kind, "min": least, "max": most})
    assert backend.replicas == least
    assert declared_replicas(release(**scaled(autoscaling))) is None


def test_what_is_not_autoscaled_is_as_before() -> None:
    assert Backend.of(release(), SHOP).autoscaled is None
    assert declared_replicas(release()) == 3
    assert revision_of(release()) == revision_of(release(workload__replicas=3))


def test_every_part_of_the_autoscaler_makes_another_revision() -> None:
    variants = [HPA, {**HPA, "min": 3}, {**HPA, "max": 11}, {**HPA, "metrics": [CPU]}, {**HPA, "behavior": {}}, KEDA]
    assert len({revision_of(release(**scaled(one))) for one in variants}) == len(variants)


def test_a_manifest_without_any_number_of_pods_says_what_to_write() -> None:
    found = problems(workload__replicas=ABSENT)
    assert "replicas is missing" in found["workload"].message
    assert "autoscaling" in found["workload"].remedy


def test_replicas_beside_an_autoscaler_are_refused() -> None:
    found = problems(workload__autoscaling=HPA)
    assert "two writers" in found["workload.replicas"].message
    assert "autoscaling.min" in found["workload.replicas"].remedy


def test_a_minimum_above_the_maximum_is_named_in_either_form() -> None:
    assert (
        "12 is more than the maximum, 10" in problems(**scaled({**HPA, "min": 12}))["workload.autoscaling.min"].message
    )
    keda = {"keda": {**KEDA["keda"], "minReplicaCount": 20}}
    assert "workload.autoscaling.keda.minReplicaCount" in problems(**scaled(keda))


def test_what_is_missing_of_an_autoscaler_is_listed_at_once() -> None:
    assert problems(**scaled({"min": 2}))["workload.autoscaling"].message == "max, metrics is missing"


def test_both_forms_at_once_are_refused() -> None:
    assert "beside min, max, metrics" in problems(**scaled({**HPA, **KEDA}))["workload.autoscaling.keda"].message


@pytest.mark.parametrize("least", [0, -1, True])
def test_nothing_is_scaled_to_zero(least: object) -> None:
    assert "workload.autoscaling.min" in problems(**scaled({**HPA, "min": least}))
    keda = {"keda": {**KEDA["keda"], "minReplicaCount": least}}
    assert "workload.autoscaling.keda.minReplicaCount" in problems(**scaled(keda))


def test_batches_and_an_autoscaler_are_not_combined() -> None:
    found = problems(**scaled(HPA, strategy=STRATEGIES["rolling"]))
    assert "would undo" in found["strategy.kind"].message
    assert "canary or blue-green" in found["strategy.kind"].remedy


def test_the_strategy_that_is_chosen_for_an_autoscaled_workload_is_never_rolling() -> None:
    calm = {"scope__changes": [{"id": "PAY-1", "kind": "fix", "risk": "low"}], "strategy": {"kind": "auto"}}
    assert chosen(release(**scaled({**HPA, "min": 9}, **calm))).kind != "rolling"


@pytest.mark.parametrize("annotation", ["autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas"])
def test_a_paused_scaled_object_is_refused(annotation: str) -> None:
    keda = {"keda": {**KEDA["keda"], "annotations": {annotation: "0"}}}
    assert "minReplicaCount" in problems(**scaled(keda))["workload.autoscaling.keda.annotations"].message


def test_a_name_that_every_version_would_share_is_refused() -> None:
    keda = {"keda": {**KEDA["keda"], "advanced": {"horizontalPodAutoscalerConfig": {"name": "checkout"}}}}
    assert "the same for every version" in problems(**scaled(keda))["workload.autoscaling.keda.advanced"].message


@pytest.mark.parametrize("field", ["scaleTargetRef", "idleReplicaCount"])
def test_what_a_scaled_object_may_not_say_is_no_field(field: str) -> None:
    assert f"workload.autoscaling.keda.{field}" in problems(**scaled({"keda": {**KEDA["keda"], field: 1}}))


@pytest.mark.parametrize(
    "metric",
    [
        {"type": "External", "resource": CPU["resource"]},
        {**CPU, "external": QUEUE["external"]},
        {"type": "Resource", "resource": {"name": "cpu"}},
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "value": "1"}}},
    ],
)
def test_a_metric_that_says_nothing_or_two_things_is_refused(metric: object) -> None:
    assert "workload.autoscaling.metrics[0]" in problems(**scaled({**HPA, "metrics": [metric]}))


def test_a_share_of_what_is_not_requested_is_refused() -> None:
    share = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    found = problems(**scaled({**HPA, "metrics": [share]}))
    assert "resources.requests.cpu" in found["workload.autoscaling.metrics[0]"].message
    requested = {"workload__resources": {"requests": {"cpu": "100m"}}}
    assert release(**scaled({**HPA, "metrics": [share]}, **requested)).workload.autoscaling is not None


def test_a_metric_that_names_neither_pods_nor_revision_counts_both_versions() -> None:
    both = {"type": "External", "external": {**QUEUE["external"], "metric": {"name": "rps"}}}  # type: ignore[dict-item]
    autoscaling = release(**scaled({**HPA, "metrics": [CPU, QUEUE, both]})).workload.autoscaling
    assert autoscaling is not None
    assert list(autoscaling.shared()) == [("metrics[2]", "External metric rps")]
    external = release(**scaled({**HPA, "metrics": [CPU, QUEUE, both]}))
    scaled_by = Backend.of(external, SHOP).autoscaled
    assert scaled_by is not None
    assert scaled_by.shared == ("workload.autoscaling.metrics[2] (External metric rps)",)
    shared = {"type": "prometheus", "metadata": {"query": "sum(rps)", "threshold": "50"}}
    triggers = [TRIGGER, shared, {"type": "cpu", "metadata": {"value": "60"}}]
    by_keda = release(**scaled({"keda": {**KEDA["keda"], "triggers": triggers}})).workload.autoscaling
    assert by_keda is not None
    assert list(by_keda.shared()) == [("keda.triggers[1]", "trigger prometheus")]


def test_the_revision_is_filled_in_wherever_it_is_named() -> None:
    assert filled({"a{revision}": ["x-{revision}", {"b": 1}], "c": True}, "3f") == {
        "a3f": ["x-3f", {"b": 1}],
        "c": True,
    }
