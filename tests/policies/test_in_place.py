"""Rule `in-place`: a workload of a release is what its manifest says, to the last property."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from components import VersionedWorkload, VersionedWorkloadArgs
from policies.gates import RULES
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.manifest.load import parse
from slipway.release.manifest.release import Release
from slipway.release.revision import revision_of
from slipway.release.strategy import resolve
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
LABELS = {"slipway.dev/service": RELEASE.service, "slipway.dev/revision": revision_of(RELEASE)}


def declared(release: Release) -> dict[str, Any]:
    """The Deployment that the components declare, as the engine hands it on: every number is a float."""
    record = declare(lambda: VersionedWorkload("mine", VersionedWorkloadArgs.of(release, "shop")) and None)
    text = json.dumps(record.one(DEPLOYMENT).properties)
    return dict(json.loads(text, parse_int=float))


PROPS = declared(RELEASE)


def found(props: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and field of each finding."""
    rule = RULES["in-place"]
    assert isinstance(rule, ResourceRule)
    resource = Resource(DEPLOYMENT, "checkout", "urn", props)
    findings = rule.evaluate(resource, rule.gate.settings(), Surroundings({"manifest.yaml": RELEASE}))
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
        (lambda d, p, c: c["resources"].pop("limits"), "containers[0].resources.limits"),
        (lambda d, p, c: c["readinessProbe"]["httpGet"].update(path="/"), "containers[0].readinessProbe.httpGet.path"),
        (lambda d, p, c: c.pop("readinessProbe"), "containers[0].readinessProbe"),
        (lambda d, p, c: c["securityContext"].update(privileged=True), "containers[0].securityContext.privileged"),
        (
            lambda d, p, c: c["securityContext"]["capabilities"].update(drop=["CHOWN"]),
            "containers[0].securityContext.capabilities.drop[0]",
        ),
        (lambda d, p, c: p["securityContext"].update(runAsNonRoot=False), "spec.securityContext.runAsNonRoot"),
        (lambda d, p, c: p.update(automountServiceAccountToken=True), "spec.automountServiceAccountToken"),
        (lambda d, p, c: p.pop("automountServiceAccountToken"), "spec.automountServiceAccountToken"),
        (lambda d, p, c: p.update(terminationGracePeriodSeconds=0.0), "spec.terminationGracePeriodSeconds"),
        (lambda d, p, c: c.pop("lifecycle"), "containers[0].lifecycle"),
        (
            lambda d, p, c: d["spec"]["template"]["metadata"].update(annotations={"inject": "true"}),
            "spec.template.metadata.annotations.inject",
        ),
        (lambda d, p, c: c.update(stdin=True), "containers[0].stdin"),
        (lambda d, p, c: p.update(hostNetwork=True), "spec.template.spec.hostNetwork"),
        (lambda d, p, c: p.update(serviceAccountName="admin"), "spec.template.spec.serviceAccountName"),
        (
            lambda d, p, c: p["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
            "spec.template.spec.volumes",
        ),
        (lambda d, p, c: p["containers"].append({"name": "sidecar"}), "spec.template.spec.containers"),
        (lambda d, p, c: p.update(initContainers=[{"name": "first"}]), "spec.template.spec.initContainers"),
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


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["containers"][0]["env"].append({"name": "MORE", "value": "hidden"}),
        lambda p: p.update(containers=["hello"]),
        lambda p: p.update(containers=[]),
    ],
)
def test_values_of_the_environment_are_not_shown(change: Callable[[dict[str, Any]], object]) -> None:
    props = copy.deepcopy(PROPS)
    values = [entry["value"] for entry in props["spec"]["template"]["spec"]["containers"][0]["env"] if "value" in entry]
    assert values
    change(props["spec"]["template"]["spec"])
    rule = RULES["in-place"]
    assert isinstance(rule, ResourceRule)
    around = Surroundings({"manifest.yaml": RELEASE})
    (finding,) = rule.evaluate(Resource(DEPLOYMENT, "checkout", "urn", props), rule.gate.settings(), around)
    assert finding.code == "altered"
    assert not any(value in f"{finding.found} {finding.wanted}" for value in [*values, "hidden"])


def test_pods_that_say_that_they_are_of_another_revision_are_refused() -> None:
    props = copy.deepcopy(PROPS)
    props["spec"]["template"]["metadata"]["labels"] = LABELS | {"slipway.dev/revision": "00000000"}
    assert found(props) == [("disguised", "spec.template.metadata.labels")]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_the_components_declare_for_a_release_passes(strategy: str) -> None:
    it = resolve(release(**EVERYTHING, strategy=STRATEGIES[strategy]))
    record = declare(lambda: VersionedWorkload("mine", VersionedWorkloadArgs.of(it, "shop")) and None)
    for name, kind in (("in-place", DEPLOYMENT), ("images", DEPLOYMENT), ("weights", SERVICE)):
        rule, properties = RULES[name], record.one(kind).properties
        assert isinstance(rule, ResourceRule)
        resource = Resource(kind, "checkout", "urn", properties)
        assert rule.evaluate(resource, rule.gate.settings(), Surroundings({"manifest.yaml": it})) == []


EXTERNAL = resolve(
    release(
        workload={
            "port": 8080,
            "replicas": 2,
            "probes": {"readiness": {"path": "/readyz"}},
            "external": {"deployment": "shop-{version}", "service": "shop-{version}", "container": "web"},
        }
    )
)


@pytest.mark.parametrize(
    ("name", "containers", "expected"),
    [
        (f"shop-{EXTERNAL.version}", [("proxy", "p"), ("web", EXTERNAL.artifact.image)], []),
        (f"shop-{EXTERNAL.version}", [("web", "other"), ("proxy", EXTERNAL.artifact.image)], ["altered"]),
        (f"shop-{EXTERNAL.version}", [("proxy", EXTERNAL.artifact.image)], ["altered"]),
        ("shop-other", [("web", EXTERNAL.artifact.image)], ["outside"]),
    ],
)
def test_a_workload_that_a_manifest_names_as_external_runs_the_artifact_of_that_manifest(
    name: str, containers: list[tuple[str, str]], expected: list[str]
) -> None:
    spec = {"containers": [{"name": one, "image": image} for one, image in containers]}
    props = {"metadata": {"name": name}, "spec": {"template": {"metadata": {"labels": {"app": "shop"}}, "spec": spec}}}
    rule = RULES["in-place"]
    assert isinstance(rule, ResourceRule)
    around = Surroundings({"manifest.yaml": EXTERNAL})
    findings = rule.evaluate(Resource(DEPLOYMENT, "chart", "urn", props), rule.gate.settings(), around)
    assert [one.code for one in findings] == expected
