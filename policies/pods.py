"""Where the kinds of Kubernetes keep their pods, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.rule import Resource

_APPS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
LONG_RUNNING = tuple(f"kubernetes:apps/{version}:{kind}" for version in ("v1", "v1beta1", "v1beta2") for kind in _APPS)
"""Workloads that serve."""
BARE = ("kubernetes:core/v1:Pod", "kubernetes:core/v1:ReplicationController")
JOBS = tuple(
    f"kubernetes:batch/{version}:{kind}"
    for version, kind in (("v1", "Job"), ("v1", "CronJob"), ("v1beta1", "CronJob"), ("v2alpha1", "CronJob"))
)
WORKLOADS = (*LONG_RUNNING, *BARE, *JOBS)
PATCHES = tuple(f"{token}Patch" for token in WORKLOADS)
"""Resources that change an object in place."""

_WAYS: tuple[tuple[str, ...], ...] = (
    ("spec", "jobTemplate", "spec", "template", "spec"),
    ("spec", "template", "spec"),
    ("spec",),
)


def pod_spec(resource: Resource) -> tuple[str, Mapping[str, Any]] | None:
    """The path and the content of the pod's spec; None when the resource has none."""
    kind = resource.type.rpartition(":")[2].removesuffix("Patch")
    way = _WAYS[0] if kind == "CronJob" else _WAYS[2] if kind == "Pod" else _WAYS[1]
    here: Any = resource.props
    for step in way:
        here = here.get(step) if isinstance(here, Mapping) else None
    return (".".join(way), here) if isinstance(here, Mapping) else None


def containers(
    resource: Resource, groups: Sequence[str] = ("containers", "initContainers", "ephemeralContainers")
) -> Iterator[tuple[str, Any]]:
    """Path and content of every container of these groups, in their order."""
    found = pod_spec(resource)
    if found is None:
        return
    path, spec = found
    for group in groups:
        entries = spec.get(group)
        for number, container in enumerate(entries if isinstance(entries, Sequence) else ()):
            yield f"{path}.{group}[{number}]", container


def labels_of_pods(resource: Resource) -> Mapping[str, Any]:
    """The labels of the pods that a workload makes."""
    spec = resource.props.get("spec")
    if resource.type.endswith(":CronJob") and isinstance(spec, Mapping):
        job = spec.get("jobTemplate")
        spec = job.get("spec") if isinstance(job, Mapping) else None
    template = spec.get("template") if isinstance(spec, Mapping) else None
    metadata = template.get("metadata") if isinstance(template, Mapping) else None
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return labels if isinstance(labels, Mapping) else {}


def metadata_of(resource: Resource) -> Mapping[str, Any]:
    """The object's metadata, empty when it has none."""
    found = resource.props.get("metadata")
    return found if isinstance(found, Mapping) else {}
