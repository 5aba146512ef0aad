"""Rule `autoscaling`: the autoscaler of a version is the one of its manifest, and the only one."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from components import VersionedWorkload, VersionedWorkloadArgs
from policies.gates import RULES
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.manifest.release import Release
from slipway.release.revision import revision_of, workload_name
from slipway.release.strategy import resolve
from tests.components.recorder import declare
from tests.manifests import ABSENT, release

HPA, KEDA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "kubernetes:keda.sh/v1alpha1:ScaledObject"
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "1"}}}
BY_LOAD = resolve(release(workload__replicas=ABSENT, workload__autoscaling={"min": 2, "max": 8, "metrics": [CPU]}))
TRIGGER = {"type": "prometheus", "metadata": {"query": 'load{revision="{revision}"}', "threshold": "5"}}
BY_KEDA = resolve(
    release(
        workload__replicas=ABSENT,
        workload__autoscaling={"keda": {"minReplicaCount": 2, "maxReplicaCount": 8, "triggers": [TRIGGER]}},
    )
)
FIXED = resolve(release())
EXTERNAL = resolve(
    release(
        workload={
            "port": 8080,
            "probes": {"readiness": {"path": "/readyz"}},
            "external": {
                "deployment": "checkout-{version}",
                "service": "checkout-{version}",
                "autoscaler": {"name": "checkout", "min": 2, "max": 8},
            },
        }
    )
)


def declared(it: Release, kind: str) -> dict[str, Any]:
    record = declare(lambda: VersionedWorkload("mine", VersionedWorkloadArgs.of(it, "shop")) and None)
    return dict(json.loads(json.dumps(record.one(kind).properties), parse_int=float))


def found(props: dict[str, Any], it: Release, kind: str = HPA) -> list[tuple[str, str]]:
    """Code and field of each finding."""
    rule = RULES["autoscaling"]
    assert isinstance(rule, ResourceRule)
    around = Surroundings({"manifest.yaml": it})
    findings = rule.evaluate(Resource(kind, "a", "urn", props), rule.gate.settings(), around)
    return [(finding.code, finding.field) for finding in findings]


def over(workload: str, name: str = "mine", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"scaleTargetRef": {"name": workload}, **spec}}


@pytest.mark.parametrize(("it", "kind"), [(BY_LOAD, HPA), (BY_KEDA, KEDA)])
def test_what_the_components_declare_passes_whatever_minimum_a_rollout_holds(it: Release, kind: str) -> None:
    props = declared(it, kind)
    assert found(props, it, kind) == []
    props["spec"]["minReplicas" if kind == HPA else "minReplicaCount"] = 6.0
    assert found(props, it, kind) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"maxReplicas": 80}, "spec.maxReplicas"),
        ({"metrics": []}, "spec.metrics"),
        ({"behavior": {"x": 1}}, "spec.behavior"),
    ],
)
def test_one_that_differs_from_its_manifest_is_refused(change: dict[str, Any], field: str) -> None:
    props = copy.deepcopy(declared(BY_LOAD, HPA))
    props["spec"].update(change)
    assert found(props, BY_LOAD) == [("altered", field)]


def test_a_second_one_is_refused_and_any_where_the_manifest_says_how_many_replicas_there_are() -> None:
    for it in (BY_LOAD, FIXED):
        props = over(workload_name(it.service, revision_of(it)))
        assert found(props, it) == [("second", "spec.scaleTargetRef.name")]
        assert found(props, it, KEDA) == [("second", "spec.scaleTargetRef.name")]


def test_one_over_a_revision_that_no_manifest_has_is_refused_and_one_over_the_platforms_own_is_not() -> None:
    assert found(over("checkout-3f9a2c1b"), BY_LOAD) == [("unknown-revision", "spec.scaleTargetRef.name")]
    assert found(over("ingress"), BY_LOAD) == []


def test_one_that_is_patched_in_place_is_refused() -> None:
    patch = {"metadata": {"name": "checkout-3f9a2c1b"}, "spec": {"minReplicas": 1}}
    assert found(patch, BY_LOAD, f"{HPA}Patch") == [("patched", "type")]
    assert found({"metadata": {"name": "ingress"}}, BY_LOAD, f"{HPA}Patch") == []


def test_that_of_an_external_workload_is_the_one_its_manifest_names_with_those_bounds() -> None:
    workload = f"checkout-{EXTERNAL.version}"
    assert found(over(workload, "checkout", minReplicas=2.0, maxReplicas=8.0), EXTERNAL) == []
    assert found(over(workload, "checkout", minReplicas=1.0, maxReplicas=8.0), EXTERNAL) == [
        ("altered", "spec.minReplicas")
    ]
    assert found(over(workload, "other", minReplicas=2.0, maxReplicas=8.0), EXTERNAL) == [
        ("second", "spec.scaleTargetRef.name")
    ]
    keda = over(workload, "checkout", minReplicaCount=2.0, maxReplicaCount=8.0)
    assert found(keda, EXTERNAL, KEDA) == [("second", "spec.scaleTargetRef.name")], "the manifest names an HPA"


def test_one_that_keda_has_paused_is_refused() -> None:
    props = copy.deepcopy(declared(BY_KEDA, KEDA))
    props["metadata"]["annotations"] = {"autoscaling.keda.sh/paused-replicas": "0"}
    assert found(props, BY_KEDA, KEDA) == [("paused", "metadata.annotations.autoscaling.keda.sh/paused-replicas")]
