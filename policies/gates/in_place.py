"""Rule `in-place`: what runs is a release, unchanged. A fix by hand goes through a tracked hotfix release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from policies.plain import plain
from policies.pods import BARE, JOBS, LONG_RUNNING, PATCHES, labels_of_pods, metadata_of, pod_spec
from policies.rule import Resource, ResourceRule, Surroundings, finding
from release.findings import Finding
from release.labels import REVISION_LABEL, SERVICE_LABEL
from release.manifest.base import Part
from release.manifest.release import Release
from release.revision import revision_of, scaled_by_rollout, workload_name

NAME = "in-place"
_PODS = ("kubernetes:core/v1:Pod",)
_OF_PODS = frozenset(
    {
        "containers",
        "securityContext",
        "automountServiceAccountToken",
        "enableServiceLinks",
        "terminationGracePeriodSeconds",
        "topologySpreadConstraints",
    }
)
"""What a workload of a release has beside what is compared; anything else was put there by somebody."""
_OF_CONTAINERS = frozenset(
    {
        "name",
        "imagePullPolicy",
        "env",
        "ports",
        "readinessProbe",
        "livenessProbe",
        "startupProbe",
        "lifecycle",
        "securityContext",
        "volumeMounts",
    }
)
REMEDY = "Release it: a manifest with the section hotfix (ticket, reason, followUpDue) where it is urgent"


class Other(Part):
    """A workload that is no release, and why."""

    name: Annotated[str, Field(min_length=1)]
    """`metadata.name`."""
    reason: Annotated[str, Field(min_length=10)]


class InPlaceSettings(Part):
    """What else may run in the stack."""

    others: tuple[Other, ...] = ()


def evaluate(resource: Resource, settings: InPlaceSettings, around: Surroundings) -> list[Finding]:
    """Patches, workloads outside of a release, and workloads that differ from their manifest."""
    if resource.type in PATCHES:
        return [_finding("patch", "type", resource.type, "a new revision beside the old one")]
    metadata = metadata_of(resource)
    labels = metadata.get("labels")
    labels = labels if isinstance(labels, Mapping) else {}
    of_pods = labels if resource.type in _PODS else labels_of_pods(resource)
    service, revision = labels.get(SERVICE_LABEL), labels.get(REVISION_LABEL)
    if (of_pods.get(SERVICE_LABEL), of_pods.get(REVISION_LABEL)) != (service, revision):
        what = f"{of_pods.get(SERVICE_LABEL)} {of_pods.get(REVISION_LABEL)}"
        wanted = "no label of a release" if service is None else f"{service} {revision}"
        return [_finding("disguised", "spec.template.metadata.labels", what, wanted)]
    if resource.type in JOBS and service is None:
        return []  # a job of the platform: it serves nobody
    if service is None or revision is None:
        if service is None and any(other.name == metadata.get("name") for other in settings.others):
            return []
        what = f"{metadata.get('name') or resource.name} without the labels of a release"
        return [_finding("outside", "metadata.labels", what, f"{SERVICE_LABEL} and {REVISION_LABEL} of a release")]
    for release in around.manifests.values():
        if release.service == service and revision_of(release) == revision:
            return [_finding("altered", path, found, wanted) for path, found, wanted in _differences(resource, release)]
    what = f"{service} {revision}, which no manifest of this stack has"
    return [_finding("unknown-revision", "metadata.labels", what, "the revision of a manifest that the stack names")]


def _differences(resource: Resource, release: Release) -> list[tuple[str, str, str]]:
    """Path, value found, value wanted; values of the environment are not shown."""
    found = pod_spec(resource)
    spec: Mapping[str, Any] = plain(found[1]) if found is not None else {}
    entries: Any = spec.get("containers") or ()
    container = entries[0] if len(entries) == 1 and isinstance(entries[0], Mapping) else None
    path = f"{found[0] if found is not None else 'spec'}.containers"
    name = workload_name(release.service, revision_of(release))
    differences: list[tuple[str, str, str]] = []
    if metadata_of(resource).get("name") != name:
        differences.append(("metadata.name", str(metadata_of(resource).get("name")), name))
    if container is None or spec.get("initContainers"):
        return [*differences, (path, f"{len(entries)} containers", "the one container of the manifest")]
    differences += _unlike(path.rpartition(".")[0], spec, _pod(release, name), _OF_PODS)
    differences += _unlike(f"{path}[0]", container, _container(release), _OF_CONTAINERS)
    if _environment(container) != _declared_environment(release):
        differences.append((f"{path}[0].env", "another environment", "the environment of the manifest"))
    replicas = resource.props["spec"].get("replicas")
    wanted = None if scaled_by_rollout(release) else release.workload.replicas
    if replicas != wanted:
        differences.append(("spec.replicas", str(replicas), str(wanted)))
    return differences


def _unlike(
    path: str, found: Mapping[str, Any], wanted: Mapping[str, Any], rendered: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    """What differs from the manifest, and properties that no workload of a release has."""
    for key, value in wanted.items():
        if (found.get(key) or None) != (value or None):
            yield f"{path}.{key}", str(found.get(key)), str(value)
    for key in sorted(found.keys() - wanted.keys() - rendered):
        if found[key]:
            yield f"{path}.{key}", "a property that the manifest cannot have", "nothing"


def _pod(release: Release, name: str) -> dict[str, Any]:
    files = [{"name": "files", "configMap": {"name": name}}] if release.workload.files else None
    return {"serviceAccountName": release.workload.service_account, "volumes": files}


def _container(release: Release) -> dict[str, Any]:
    workload = release.workload
    resources = {"requests": workload.resources.requests, "limits": workload.resources.limits}
    return {
        "image": release.artifact.image,
        "command": list(workload.command),
        "args": list(workload.args),
        "resources": {side: given for side, given in resources.items() if given},
    }


def _environment(container: Mapping[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("valueFrom") or entry.get("value") for entry in container.get("env") or ()}


def _declared_environment(release: Release) -> dict[str, Any]:
    secrets = release.workload.secret_env.items()
    return {
        **release.workload.env,
        **{name: {"secretKeyRef": {"name": it.secret, "key": it.key}} for name, it in secrets},
    }


def _finding(code: str, field: str, found: str, wanted: str) -> Finding:
    return finding(NAME, code, field, found, wanted, REMEDY, severity="critical")


RULE = ResourceRule(
    name=NAME,
    title="What runs is a release, unchanged",
    severity="critical",
    rows=("A3", "B1"),
    remedy=REMEDY,
    settings=InPlaceSettings,
    reads=(*LONG_RUNNING, *BARE, *JOBS, *PATCHES),
    evaluate=evaluate,
)
