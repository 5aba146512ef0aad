"""Rule `in-place`: a workload of a release is what its manifest says, to the last property."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from components import VersionedWorkload, VersionedWorkloadArgs
from policies.gates import RULES
from policies.rule import Resource, ResourceRule, Surroundings
from release.manifest.load import parse
from release.manifest.release import Release
from release.revision import revision_of, workload_name
from release.strategy import resolve
from tests.components.recorder import declare
from tests.components.test_workload import DEPLOYMENT, EVERYTHING, SERVICE
from tests.manifests import STRATEGIES, release
from tests.vouched import content

RELEASE: Release = resolve(
    parse(
        yaml.safe_dump(
            content(
                strategy={"kind": "canary", "steps": [{"weight": 50, "bake": "1s"}, {"weight": 100, "bake": "1s"}]},
                workload__resources={"requests": {"cpu": "10m"}, "limits": {"memory": "32Mi"}},
                workload__secretEnv={"TOKEN": {"secret": "checkout", "key": "token"}},
                workload__files={"/etc/checkout/a.toml": "a = 1"},
            )
        ),
        "manifest",
    )
)
NAME = workload_name(RELEASE.service, revision_of(RELEASE))
LABELS = {"slipway.dev/service": RELEASE.service, "slipway.dev/revision": revision_of(RELEASE)}
CONTAINER: dict[str, Any] = {
    "name": RELEASE.service,
    "image": RELEASE.artifact.image,
    "imagePullPolicy": "IfNotPresent",
    "env": [
        *({"name": name, "value": value} for name, value in RELEASE.workload.env.items()),
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "checkout", "key": "token"}}},
    ],
    "ports": [{"name": "http", "containerPort": 8080.0}],
    "resources": {"requests": {"cpu": "10m"}, "limits": {"memory": "32Mi"}},
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080.0}},
    "securityContext": {"allowPrivilegeEscalation": False},
    "volumeMounts": [{"name": "files", "mountPath": "/etc/checkout/a.toml"}],
}
POD: dict[str, Any] = {
    "containers": [CONTAINER],
    "volumes": [{"name": "files", "configMap": {"name": NAME}}],
    "securityContext": {"runAsNonRoot": True},
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
}
PROPS: dict[str, Any] = {
    "metadata": {"name": NAME, "labels": LABELS},
    "spec": {"replicas": 3.0, "template": {"metadata": {"labels": LABELS}, "spec": POD}},
}


def found(props: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and field of each finding."""
    rule = RULES["in-place"]
    assert isinstance(rule, ResourceRule)
    resource = Resource("kubernetes:apps/v1:Deployment", "checkout", "urn", props)
    findings = rule.evaluate(resource, rule.settings(), Surroundings({"manifest.yaml": RELEASE}))
    return [(finding.code, finding.field) for finding in findings]


def test_a_workload_as_the_manifest_has_it_passes() -> None:
    assert found(PROPS) == []


Change = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d, p, c: c.update(image="registry.example/other"), "containers[0].image"),
        (lambda d, p, c: c.update(command=["sh"]), "containers[0].command"),
        (lambda d, p, c: c.update(envFrom=[{"secretRef": {"name": "other"}}]), "containers[0].envFrom"),
        (lambda d, p, c: c["env"][-1]["valueFrom"]["secretKeyRef"].update(name="other"), "containers[0].env"),
        (lambda d, p, c: c["env"].append({"name": "MORE", "value": "1"}), "containers[0].env"),
        (lambda d, p, c: c["resources"].pop("limits"), "containers[0].resources"),
        (lambda d, p, c: c.update(stdin=True), "containers[0].stdin"),
        (lambda d, p, c: p.update(hostNetwork=True), "spec.template.spec.hostNetwork"),
        (lambda d, p, c: p.update(serviceAccountName="admin"), "spec.template.spec.serviceAccountName"),
        (
            lambda d, p, c: p["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
            "spec.template.spec.volumes",
        ),
        (lambda d, p, c: p["containers"].append({"name": "sidecar"}), "spec.template.spec.containers"),
        (lambda d, p, c: p.update(initContainers=[{"name": "first"}]), "spec.template.spec.containers"),
        (lambda d, p, c: d["spec"].update(replicas=9), "spec.replicas"),
        (lambda d, p, c: d["metadata"].update(name="checkout"), "metadata.name"),
    ],
)
def test_whatever_differs_from_the_manifest_is_refused(change: Change, field: str) -> None:
    props = copy.deepcopy(PROPS)
    pod = props["spec"]["template"]["spec"]
    change(props, pod, pod["containers"][0])
    ((code, path),) = found(props)
    assert code == "altered"
    assert path.endswith(field)


def test_pods_that_say_that_they_are_of_another_revision_are_refused() -> None:
    props = copy.deepcopy(PROPS)
    props["spec"]["template"]["metadata"]["labels"] = LABELS | {"slipway.dev/revision": "00000000"}
    assert found(props) == [("disguised", "spec.template.metadata.labels")]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_the_components_declare_for_a_release_passes(strategy: str) -> None:
    it = resolve(release(**EVERYTHING, strategy=STRATEGIES[strategy]))
    record = declare(lambda: VersionedWorkload("mine", VersionedWorkloadArgs.of(it, "shop")) and None)
    for name, kind in (("in-place", DEPLOYMENT), ("images", DEPLOYMENT), ("weights", SERVICE)):
        rule, declared = RULES[name], record.one(kind)
        assert isinstance(rule, ResourceRule)
        resource = Resource(kind, "checkout", "urn", declared.properties)
        assert rule.evaluate(resource, rule.settings(), Surroundings({"manifest.yaml": it})) == []
