"""What `workload.pod`, `podMetadata` and `service` may say."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import InputError, Problem
from slipway.release.manifest.load import parse
from slipway.release.manifest.release import Release
from slipway.release.pod import pod_metadata, pod_spec
from slipway.release.revision import revision_of
from tests.manifests import DIGEST, release, text

IMAGE = f"registry.example/proxy@{DIGEST}"
SIDECAR = {"name": "proxy", "image": IMAGE, "readinessProbe": {"tcpSocket": {"port": 9000}}}


def refused(**workload: Any) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        parse(text(**{f"workload__{name}": value for name, value in workload.items()}), "test.yaml")
    return list(caught.value.problems)


def accepted(**workload: Any) -> Release:
    return release(**{f"workload__{name}": value for name, value in workload.items()})


def spec_of(declared: Release) -> dict[str, Any]:
    return pod_spec(declared.service, "r", declared.artifact.image, declared.workload)


def of_main(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "checkout", **fields}]}


@pytest.mark.parametrize(
    ("pod", "place", "home"),
    [
        (of_main(image=IMAGE), "containers[0].image", "artifact.image"),
        (of_main(args=["--fast"]), "containers[0].args", "workload.args"),
        (of_main(resources={"limits": {"cpu": "1"}}), "containers[0].resources", "workload.resources"),
        (of_main(lifecycle={"preStop": {"sleep": {"seconds": 1}}}), "containers[0].lifecycle", "workload.drain"),
        (of_main(ports=[{"containerPort": 8080, "name": "web"}]), "containers[0].ports[0]", "workload.port"),
        (of_main(env=[{"name": "LOG", "value": "debug"}]), "containers[0].env[0]", "workload.env"),
        ({"terminationGracePeriodSeconds": 5}, "terminationGracePeriodSeconds", "workload.drain.grace"),
        ({"serviceAccountName": "admin"}, "serviceAccountName", "workload.serviceAccount"),
    ],
)
def test_what_has_a_field_of_its_own_is_refused_with_that_field(pod: dict[str, Any], place: str, home: str) -> None:
    (problem,) = refused(pod=pod)
    assert problem.path == f"workload.pod.{place}"
    assert home in problem.message + problem.remedy
    assert problem.line is not None


@pytest.mark.parametrize(
    ("pod", "place"),
    [
        ({"containers": [{"name": "proxy", "image": "registry.example/proxy:1"}]}, "containers[0].image"),
        ({"initContainers": [{"name": "proxy"}]}, "initContainers[0].image"),
        ({"volumes": [{"name": "model", "image": {"reference": "m:1"}}]}, "volumes[0].image.reference"),
        ({"volumes": [{"name": "files", "emptyDir": {}}]}, "volumes[0].name"),
        (of_main(readinessProbe=None), "containers[0].readinessProbe"),
        (of_main(env=None), "containers[0].env"),
        ({"containers": None}, "containers"),
        ({"restartPolicy": "Never"}, "restartPolicy"),
        ({"ephemeralContainers": []}, "ephemeralContainers"),
        ({"$patch": "replace"}, '"$patch"'),
        ({"hostNetworking": True}, "hostNetworking"),
        (of_main(securityContext={"privilege": True}), "containers[0].securityContext.privilege"),
        ({"affinity": {"nodeAffinity": {"required": {}}}}, "affinity.nodeAffinity.required"),
    ],
)
def test_what_is_no_pod_of_a_release_is_refused_at_its_place(pod: dict[str, Any], place: str) -> None:
    assert f"workload.pod.{place}" in [problem.path for problem in refused(pod=pod)]


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    (problem,) = refused(pod={"nodeSelectors": {"disk": "ssd"}})
    assert problem.remedy == "Did you mean nodeSelector?"


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        (of_main(ports=[{"containerPort": "many"}]), "Expected `int`"),
        (of_main(ports=[{"name": "metrics"}]), "has no containerPort"),
        ({"volumes": [{"name": "b"}]}, "volume b has no source"),
        ({"volumes": [{"name": "b", "emptyDir": {}, "secret": {"secretName": "s"}}]}, "volume b has emptyDir, secret"),
    ],
)
def test_what_makes_no_pod_together_is_refused_with_its_reason(pod: dict[str, Any], message: str) -> None:
    (problem,) = refused(pod=pod)
    assert message in problem.message


def test_a_sidecar_stands_beside_the_service_and_is_as_restricted() -> None:
    own, sidecar = spec_of(accepted(pod={"containers": [SIDECAR]}))["containers"]
    assert own == spec_of(accepted())["containers"][0]
    assert sidecar["image"] == IMAGE
    assert sidecar["securityContext"] == own["securityContext"]


def test_a_container_that_states_its_restrictions_keeps_them() -> None:
    own = {"allowPrivilegeEscalation": True, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}
    declared = accepted(pod={"initContainers": [{**SIDECAR, "securityContext": own}]})
    (init,) = spec_of(declared)["initContainers"]
    assert init["securityContext"] == own


def test_each_part_of_a_pod_is_part_of_the_revision_and_an_empty_one_is_not() -> None:
    parts: list[dict[str, Any]] = [
        {},
        {"pod": {"tolerations": [{"key": "spot"}]}},
        {"podMetadata": {"labels": {"tier": "web"}}},
        {"service": {"annotations": {"team": "shop"}}},
    ]
    assert len({revision_of(accepted(**part)) for part in parts}) == len(parts)
    empty: dict[str, Any] = {"pod": {}, "podMetadata": {}, "service": {"ports": []}}
    assert revision_of(accepted(**empty)) == revision_of(accepted())


def test_labels_by_which_pods_are_found_are_refused_and_others_are_added() -> None:
    (problem,) = refused(podMetadata={"labels": {"slipway.dev/revision": "mine"}})
    assert problem.path == "workload.podMetadata.labels"
    declared = accepted(podMetadata={"labels": {"tier": "web"}, "annotations": {"a/b": "c"}}, annotations={"d": "e"})
    made = pod_metadata("checkout", "r", declared.workload)
    assert made["labels"] == {
        "tier": "web",
        "app.kubernetes.io/name": "checkout",
        "slipway.dev/service": "checkout",
        "slipway.dev/revision": "r",
    }
    assert made["annotations"] == {"a/b": "c", "d": "e"}


def test_an_annotation_has_one_home() -> None:
    (problem,) = refused(podMetadata={"annotations": {"a": "1"}}, annotations={"a": "2"})
    assert problem.path == "workload.podMetadata.annotations.a"


@pytest.mark.parametrize(
    "ports",
    [
        [{"name": "http", "port": 9090}],
        [{"name": "web", "port": 8080}],
        [{"name": "a", "port": 1}, {"name": "a", "port": 2}],
        [{"name": "a", "port": 1}, {"name": "b", "port": 1}],
    ],
)
def test_more_ports_of_the_service_are_told_apart(ports: list[dict[str, Any]]) -> None:
    assert {problem.path.partition("[")[0] for problem in refused(service={"ports": ports})} == {
        "workload.service.ports"
    }
