from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from components import VersionedWorkload, VersionedWorkloadArgs
from slipway.release.labels import selector
from slipway.release.revision import TEMPLATE, revision_of
from tests.components.recorder import Record, declare
from tests.manifests import ABSENT, STRATEGIES, release
from tests.unit.slipway.release.manifest.test_autoscaling import KEDA, QUEUE

DEPLOYMENT, SERVICE = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"
BUDGET, FILES = "kubernetes:policy/v1:PodDisruptionBudget", "kubernetes:core/v1:ConfigMap"

EVERYTHING: dict[str, object] = {
    "workload__command": ["/app"],
    "workload__args": ["--verbose"],
    "workload__env": {"B": "2", "A": "1"},
    "workload__secretEnv": {"TOKEN": {"secret": "checkout", "key": "token"}},
    "workload__files": {"/etc/app/b.toml": "b = 2", "/etc/app/a.toml": "a = 1"},
    "workload__resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}},
    "workload__probes": {
        "readiness": {"path": "/ready", "period": "2s"},
        "liveness": {"path": "/alive", "period": "10s", "failures": 5},
        "startup": {"path": "/started"},
    },
    "workload__drain": {"beforeStop": "1500ms", "grace": "20s"},
    "workload__security": {"runAsUser": 65532},
    "workload__serviceAccount": "checkout",
    "workload__maxUnavailable": "25%",
    "workload__appProtocol": "h2c",
}


def workload(**changes: object) -> Record:
    args = VersionedWorkloadArgs.of(release(**changes), "shop")
    return declare(lambda: VersionedWorkload("mine", args) and None)


def deployment(**changes: object) -> dict[str, Any]:
    return dict(workload(**changes).one(DEPLOYMENT).properties["spec"])


def pod(**changes: object) -> dict[str, Any]:
    return dict(deployment(**changes)["template"]["spec"])


def container(**changes: object) -> dict[str, Any]:
    (only,) = pod(**changes)["containers"]
    return dict(only)


def test_every_object_is_named_by_service_and_revision() -> None:
    record = workload(**EVERYTHING)
    name = f"checkout-{revision_of(release(**EVERYTHING))}"
    objects = [each for each in record if each.type.startswith("kubernetes:")]
    assert {each.type for each in objects} == {DEPLOYMENT, SERVICE, BUDGET, FILES}
    for each in objects:
        assert each.properties["metadata"]["name"] == name
        assert each.properties["metadata"]["namespace"] == "shop"
        assert each.parent == record.one("slipway:index:VersionedWorkload").urn


def test_pods_are_selected_by_their_revision_everywhere() -> None:
    record = workload()
    wanted = selector("checkout", revision_of(release()))
    spec = record.one(DEPLOYMENT).properties["spec"]
    assert spec["selector"]["matchLabels"] == wanted
    assert wanted.items() <= spec["template"]["metadata"]["labels"].items()
    assert record.one(SERVICE).properties["spec"]["selector"] == wanted
    assert record.one(BUDGET).properties["spec"]["selector"]["matchLabels"] == wanted


def test_annotations_are_the_pods_and_without_any_there_are_none() -> None:
    wanted = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
    annotated = deployment(workload__annotations=wanted)
    assert annotated["template"]["metadata"]["annotations"] == wanted
    assert "annotations" not in deployment()["template"]["metadata"]
    assert revision_of(release(workload__annotations=wanted)) != revision_of(release())


def test_the_image_is_the_digest_of_the_manifest() -> None:
    assert container()["image"] == release().artifact.image


def test_readiness_is_awaited_by_the_rollout_and_not_by_the_engine() -> None:
    record = workload()
    for kind in (DEPLOYMENT, SERVICE):
        assert record.one(kind).properties["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_a_deployment_that_goes_leaves_its_name_at_once_so_that_its_release_can_be_returned_to() -> None:
    annotations = workload().one(DEPLOYMENT).properties["metadata"]["annotations"]
    assert annotations["pulumi.com/deletionPropagationPolicy"] == "background"


def test_replicas_are_declared_unless_the_rollout_scales() -> None:
    assert deployment()["replicas"] == 3
    assert "replicas" not in deployment(strategy=STRATEGIES["rolling"])


def test_a_pod_leaves_without_a_shell_and_has_time_for_requests_in_flight() -> None:
    drain = {"beforeStop": "1500ms", "grace": "20s"}
    assert container(workload__drain=drain)["lifecycle"] == {"preStop": {"sleep": {"seconds": 2}}}
    assert pod(workload__drain=drain)["terminationGracePeriodSeconds"] == 20


def test_no_wait_before_stopping_is_no_hook() -> None:
    assert "lifecycle" not in container(workload__drain={"beforeStop": 0, "grace": "20s"})


def test_a_container_is_restricted_by_default() -> None:
    assert pod()["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container()["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_the_user_can_be_named_where_the_image_does_not() -> None:
    assert pod(workload__security={"runAsUser": 1000})["securityContext"]["runAsUser"] == 1000


def test_a_pod_gets_no_token_and_no_service_links_unless_an_account_is_declared() -> None:
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["enableServiceLinks"] is False
    named = pod(workload__serviceAccount="checkout")
    assert (named["serviceAccountName"], named["automountServiceAccountToken"]) == ("checkout", True)


def test_pods_are_spread_softly_among_their_own_revision() -> None:
    constraints = pod()["topologySpreadConstraints"]
    assert {each["whenUnsatisfiable"] for each in constraints} == {"ScheduleAnyway"}
    assert all(
        each["labelSelector"]["matchLabels"] == selector("checkout", revision_of(release())) for each in constraints
    )


def test_probes_ask_the_port_of_the_workload() -> None:
    probed = container(**EVERYTHING)
    assert probed["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 8080}
    assert (probed["livenessProbe"]["periodSeconds"], probed["livenessProbe"]["failureThreshold"]) == (10, 5)
    assert "startupProbe" in probed
    assert "livenessProbe" not in container()


def test_secrets_are_referenced_and_never_copied() -> None:
    environment = {each["name"]: each for each in container(**EVERYTHING)["env"]}
    assert environment["A"]["value"] == "1"
    assert environment["TOKEN"] == {
        "name": "TOKEN",
        "valueFrom": {"secretKeyRef": {"name": "checkout", "key": "token"}},
    }


def test_files_are_mounted_one_by_one_from_an_immutable_config_map() -> None:
    record = workload(**EVERYTHING)
    files = record.one(FILES).properties
    assert files["immutable"] is True
    mounts = record.one(DEPLOYMENT).properties["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert {each["mountPath"]: files["data"][each["subPath"]] for each in mounts} == {
        "/etc/app/a.toml": "a = 1",
        "/etc/app/b.toml": "b = 2",
    }
    assert record.one(FILES).urn in record.one(DEPLOYMENT).depends_on


def test_without_files_there_is_no_config_map() -> None:
    assert workload().all(FILES) == []
    assert "volumes" not in pod()


@pytest.mark.parametrize(("protocol", "wanted"), [("http", "http"), ("h2c", "kubernetes.io/h2c")])
def test_the_service_says_how_its_port_speaks(protocol: str, wanted: str) -> None:
    spec = workload(workload__appProtocol=protocol).one(SERVICE).properties["spec"]
    assert (spec["ports"][0]["port"], spec["ports"][0]["appProtocol"]) == (8080, wanted)


def test_the_disruption_budget_is_the_manifest_s() -> None:
    budget = workload(workload__maxUnavailable="25%").one(BUDGET).properties["spec"]
    assert budget["maxUnavailable"] == "25%"
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


RENDERED = {1: "d479dd12b65a480c", 2: "86de84215cd673d8"}
"""Hash of everything that is rendered from EVERYTHING and from the plain manifest, for each TEMPLATE."""


def test_what_is_rendered_changes_only_together_with_the_template_s_number() -> None:
    """Otherwise a new version of Slipway would patch the workloads that run."""
    rendered = [
        {each.type: each.properties for each in workload(**changes) if each.type.startswith("kubernetes:")}
        for changes in ({}, EVERYTHING)
    ]
    text = json.dumps(rendered, sort_keys=True)
    for changes in ({}, EVERYTHING):
        text = text.replace(revision_of(release(**changes)), "REVISION")
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == RENDERED[TEMPLATE], "raise release.revision.TEMPLATE"


AUTOSCALER, SCALED_OBJECT = (
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:keda.sh/v1alpha1:ScaledObject",
)


def test_without_autoscaling_nothing_scales_a_workload() -> None:
    assert not workload(**EVERYTHING).all(AUTOSCALER)


def test_an_autoscaler_of_the_revision_scales_the_workload_and_no_replicas_are_declared() -> None:
    changes: dict[str, object] = {
        "workload__replicas": ABSENT,
        "workload__autoscaling": {"min": 2, "max": 10, "metrics": [QUEUE], "behavior": {"scaleDown": {}}},
    }
    record, revision = workload(**changes), revision_of(release(**changes))
    assert "replicas" not in record.one(DEPLOYMENT).properties["spec"]
    made = record.one(AUTOSCALER)
    assert made.properties["metadata"]["name"] == f"checkout-{revision}"
    spec = made.properties["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"checkout-{revision}"}
    assert (spec["minReplicas"], spec["maxReplicas"], spec["behavior"]) == (2, 10, {"scaleDown": {}})
    (metric,) = spec["metrics"]
    assert metric["external"]["metric"]["selector"]["matchLabels"] == {"revision": revision}
    assert made.ignore_changes == {"spec.minReplicas"}
    assert record.one(DEPLOYMENT).urn in made.depends_on


def test_a_scaled_object_of_the_revision_scales_the_workload() -> None:
    keda = {**KEDA["keda"], "annotations": {"scaledobject.keda.sh/transfer-hpa-ownership": "true"}}
    changes: dict[str, object] = {"workload__replicas": ABSENT, "workload__autoscaling": {"keda": keda}}
    made, revision = workload(**changes).one(SCALED_OBJECT), revision_of(release(**changes))
    assert made.properties["metadata"]["annotations"] == keda["annotations"]
    spec = made.properties["spec"]
    assert spec["scaleTargetRef"] == {"name": f"checkout-{revision}"}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (3, 12)
    assert f'revision="{revision}"' in spec["triggers"][0]["metadata"]["query"]
    assert made.ignore_changes == {"spec.minReplicaCount"}
