"""Rule `images`: every image is named by its digest, in init and sidecar containers and outside of Kubernetes too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.pods import PATCHES, WORKLOADS, containers, pod_spec
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.gating.settings import ImageSettings

NAME = "images"
_PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
TASK = "aws:ecs/taskDefinition:TaskDefinition"
LAMBDA = "aws:lambda/function:Function"
OPAQUE = (
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:helm.sh/v4:Chart",
    "kubernetes:kustomize:Directory",
)
"""Types that hide their images from a preview."""


def evaluate(resource: Resource, settings: ImageSettings, around: Surroundings) -> list[Finding]:
    """Each image that is not pinned, and resources whose images cannot be seen."""
    if resource.type in OPAQUE:
        return [] if resource.type in settings.opaque else [_opaque(resource)]
    return [_unpinned(path, image) for path, image in _images(resource) if not _is_pinned(image)]


def _is_pinned(image: object) -> bool:
    return isinstance(image, str) and _PINNED.fullmatch(image) is not None


def _images(resource: Resource) -> Iterator[tuple[str, object]]:
    if resource.type == TASK:
        yield from _of_task(resource.props.get("containerDefinitions"))
    elif resource.type == LAMBDA:
        if resource.props.get("packageType") == "Image" or resource.props.get("imageUri") is not None:
            yield "imageUri", resource.props.get("imageUri")
    else:
        yield from _of_pod(resource)


def _of_pod(resource: Resource) -> Iterator[tuple[str, object]]:
    patch = resource.type in PATCHES
    found = pod_spec(resource)
    if found is None:
        if not patch:
            yield "spec", None
        return
    for path, container in containers(resource):
        image = container.get("image") if isinstance(container, Mapping) else None
        if image is not None or not patch:
            yield f"{path}.image", image
    path, spec = found
    volumes = spec.get("volumes")
    for number, volume in enumerate(volumes if isinstance(volumes, Sequence) else ()):
        source = volume.get("image") if isinstance(volume, Mapping) else None
        if isinstance(source, Mapping):
            yield f"{path}.volumes[{number}].image.reference", source.get("reference")


def _of_task(definitions: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - a JSON text, or anything
    try:
        entries = json.loads(definitions)
        for number, entry in enumerate(entries):
            yield f"containerDefinitions[{number}].image", entry.get("image")
    except (TypeError, ValueError, AttributeError, RecursionError):
        yield "containerDefinitions", None


def _unpinned(path: str, image: object) -> Finding:
    return finding(
        NAME,
        "unpinned",
        path,
        "no image" if image is None else image,
        "repository@sha256:<64 hex>",
        "Name the image by the digest that was tested; a tag can be moved",
        severity="critical",
    )


def _opaque(resource: Resource) -> Finding:
    return finding(
        NAME,
        "opaque",
        "type",
        resource.type,
        "resources whose images a preview shows",
        "Declare the objects themselves, or let this type through in the settings of `images`",
        "platform",
        "critical",
    )


RULE = ResourceRule(
    gate=CATALOG[NAME],
    types=(*WORKLOADS, *PATCHES, TASK, LAMBDA, *OPAQUE),
    evaluate=evaluate,
)
