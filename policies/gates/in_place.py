"""Rule `in-place`: what runs is a release, unchanged. A fix by hand goes through a tracked hotfix release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.plain import plain
from policies.pods import BARE, JOBS, LONG_RUNNING, PATCHES, containers, labels_of_pods, metadata_of, pod_spec
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release import pod
from slipway.release.difference import Difference, differences
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.gating.settings import InPlaceSettings
from slipway.release.labels import REVISION_LABEL, SERVICE_LABEL
from slipway.release.manifest.release import Release
from slipway.release.revision import declared_replicas, revision_of, workload_name

NAME = "in-place"
_PODS = ("kubernetes:core/v1:Pod",)
REMEDY = "Release it: a manifest with the section hotfix (ticket, reason, followUpDue) where it is urgent"


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
        return []  # a job of the platform: it serves no traffic
    if service is None or revision is None:
        if service is None and any(other.name == metadata.get("name") for other in settings.others):
            return []
        if service is None and (release := _declared_as_external(resource, around)) is not None:
            return [_finding("altered", path, found, wanted) for path, found, wanted in _images(resource, release)]
        what = f"{metadata.get('name') or resource.name} without the labels of a release"
        return [_finding("outside", "metadata.labels", what, f"{SERVICE_LABEL} and {REVISION_LABEL} of a release")]
    for release in around.manifests.values():
        if release.service == service and revision_of(release) == revision:
            return [_finding("altered", path, found, wanted) for path, found, wanted in _differences(resource, release)]
    what = f"{service} {revision}, which no manifest of this stack has"
    return [_finding("unknown-revision", "metadata.labels", what, "the revision of a manifest that the stack names")]


def _declared_as_external(resource: Resource, around: Surroundings) -> Release | None:
    """The release whose manifest names this Deployment as its workload, None where no manifest does."""
    if resource.type not in LONG_RUNNING or not resource.type.endswith(":Deployment"):
        return None
    for release in around.manifests.values():
        external = release.workload.external
        if external is not None and external.of_version(release.version).deployment == metadata_of(resource).get(
            "name"
        ):
            return release
    return None


def _images(resource: Resource, release: Release) -> list[Difference]:
    """Of a workload that something else declares, the image is what was judged. The update compares it as well."""
    external = release.workload.external
    named = None if external is None else external.container
    images = {
        f"{path}.image": str(one.get("image"))
        for path, one in containers(resource, ("containers",))
        if named is None or one.get("name") == named
    }
    if release.artifact.image in images.values():
        return []
    path, found = next(iter(images.items()), ("spec.template.spec.containers", f"no container {named}"))
    return [(path, found, release.artifact.image)]


def _differences(resource: Resource, release: Release) -> list[Difference]:
    """Of the name, the replicas and everything in the pods."""
    revision, workload = revision_of(release), release.workload
    path, _ = pod_spec(resource) or ("spec", None)
    of_pods = f"{path.removesuffix('spec')}metadata"
    metadata = pod.pod_metadata(release.service, revision, workload)
    rendered = pod.pod_spec(release.service, revision, release.artifact.image, workload)
    wanted = {
        "metadata.name": workload_name(release.service, revision),
        f"{of_pods}.labels": metadata["labels"],
        f"{of_pods}.annotations": metadata.get("annotations", {}),
        path: rendered,
        "spec.replicas": declared_replicas(release),
    }
    return [
        one for place, value in wanted.items() for one in differences(place, plain(_at(resource.props, place)), value)
    ]


def _at(props: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - JSON is what it is
    here: Any = props
    for step in path.split("."):
        here = here.get(step) if isinstance(here, Mapping) else None
    return here


def _finding(code: str, field: str, found: str, wanted: str) -> Finding:
    return finding(NAME, code, field, found, wanted, REMEDY, severity="critical")


RULE = ResourceRule(
    gate=CATALOG[NAME],
    types=(*LONG_RUNNING, *BARE, *JOBS, *PATCHES),
    evaluate=evaluate,
)
