"""What `workload.pod`, `podMetadata` and `service` may not say: what has a field of its own in the manifest, and what
is no pod."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from slipway.release.errors import SlipwayError
from slipway.release.manifest.document import Location
from slipway.release.manifest.pod_fields import Found, unknown_fields, wrong_types
from slipway.release.manifest.workload import Workload
from slipway.release.pod import FILES_VOLUME, pod_spec

PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
BY_DIGEST = "Write name@sha256:<64 hex digits>"
_POD_HOMES = {
    "terminationGracePeriodSeconds": "workload.drain.grace",
    "serviceAccountName": "workload.serviceAccount",
    "serviceAccount": "workload.serviceAccount",
}
_CONTAINER_HOMES = {
    "image": "artifact.image",
    "command": "workload.command",
    "args": "workload.args",
    "resources": "workload.resources",
}
_REFUSED = {
    "restartPolicy": "a Deployment restarts its containers always",
    "ephemeralContainers": "they are added to running pods only",
    "activeDeadlineSeconds": "it would end pods that serve",
}
_PROBE = "Change it in workload.probes or here, but do not remove it: a pod that is not asked gets traffic unready"


def problems_of_pod(service: str, workload: Workload) -> Iterator[Found]:
    """Of `workload.pod` for a service of this name, whose container is called so. Places are those below `workload`."""
    patch = workload.pod
    if not patch:
        return
    found = [*_directives(patch, ()), *unknown_fields(patch), *_of_spec(patch), *_of_containers(service, workload)]
    for place, what, remedy in found or _of_result(service, workload):
        yield ("pod", *place), what, remedy


def problems_of_parts(workload: Workload) -> Iterator[Found]:
    """Of `podMetadata` and `service`. Places are those below `workload`."""
    for name in sorted(set(workload.annotations) & set(workload.pod_metadata.annotations)):
        yield ("podMetadata", "annotations", name), "is in workload.annotations too", "Keep it in one of them"
    ports = workload.service.ports
    names, numbers = Counter(one.name for one in ports), Counter((one.port, one.protocol) for one in ports)
    for index, one in enumerate(ports):
        place: Location = ("service", "ports", index)
        if one.name == "http" or (one.port, one.protocol) == (workload.port, "TCP"):
            yield place, "is the port of workload.port, which is named http", "Give it another name and number"
        elif names[one.name] > 1 or numbers[one.port, one.protocol] > 1:
            yield place, f"{one.name} or {one.port} is there twice", "Give each port a name and a number of its own"


def _directives(value: Any, place: Location) -> Iterator[Found]:  # noqa: ANN401 - JSON is what it is
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if str(name).startswith("$"):
                yield (
                    (*place, str(name)),
                    "is a directive of a patch, which is not taken",
                    "Write null to remove a field",
                )
            else:
                yield from _directives(inner, (*place, str(name)))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _directives(inner, (*place, index))


def _of_spec(patch: Mapping[str, Any]) -> Iterator[Found]:
    for name, home in _POD_HOMES.items():
        if name in patch:
            yield (name,), f"belongs to {home}", f"Write it in {home}"
    for name, why in _REFUSED.items():
        if name in patch:
            yield (name,), f"cannot be chosen: {why}", "Remove it"
    for name in ("containers", "volumes", "securityContext", "topologySpreadConstraints"):
        if name in patch and patch[name] is None:
            yield (name,), "cannot be removed", "Name the item or the field that is to be changed"
    for index, volume in _items(patch, "volumes"):
        if volume.get("name") == FILES_VOLUME:
            what = f"{FILES_VOLUME} is the volume of workload.files"
            yield ("volumes", index, "name"), what, "Give the volume another name"
        source = volume.get("image")
        if isinstance(source, Mapping) and not _is_pinned(source.get("reference")):
            yield ("volumes", index, "image", "reference"), "is not named by its digest", BY_DIGEST


def _of_containers(service: str, workload: Workload) -> Iterator[Found]:
    for group in ("containers", "initContainers"):
        for index, container in _items(workload.pod, group):
            place: Location = (group, index)
            if group == "containers" and container.get("name") == service:
                yield from _of_main(place, container)
                yield from _of_lists(place, container, workload)
            elif not _is_pinned(container.get("image")):
                yield (*place, "image"), "is not named by its digest", BY_DIGEST


def _of_main(place: Location, container: Mapping[str, Any]) -> Iterator[Found]:
    for name, home in _CONTAINER_HOMES.items():
        if name in container:
            yield (*place, name), f"belongs to {home}", f"Write it in {home}"
    if "restartPolicy" in container:
        yield (*place, "restartPolicy"), "belongs to init containers", "Remove it"
    if "readinessProbe" in container and container["readinessProbe"] is None:
        yield (*place, "readinessProbe"), "cannot be removed", _PROBE
    lifecycle = container.get("lifecycle", {})
    if lifecycle is None or (isinstance(lifecycle, Mapping) and "preStop" in lifecycle):
        remedy = "Write workload.drain: {beforeStop: 5s, grace: 30s}"
        yield (*place, "lifecycle"), "preStop belongs to workload.drain", remedy


def _of_lists(place: Location, container: Mapping[str, Any], workload: Workload) -> Iterator[Found]:
    """Items of the service's own container that another field of the workload renders."""
    homes: tuple[tuple[str, str, set[object], str], ...] = (
        ("ports", "containerPort", {workload.port}, "workload.port"),
        ("env", "name", {*workload.env, *workload.secret_env}, "workload.env or secretEnv"),
        ("volumeMounts", "mountPath", {*workload.files}, "workload.files"),
    )
    for field, key, taken, home in homes:
        if field in container and container[field] is None:
            yield (*place, field), "cannot be removed", "Name the item that is to be changed"
        for index, item in _items(container, field):
            if item.get(key) in taken:
                yield (*place, field, index), f"{item[key]} belongs to {home}", "Write it there, or choose another"


def _of_result(service: str, workload: Workload) -> Iterator[Found]:
    """Of the spec that all parts make together."""
    try:
        merged = pod_spec(service, "r", f"i@sha256:{'0' * 64}", workload)
    except SlipwayError as error:
        yield (), str(error), "Give each item of a list what it is told apart by"
        return
    if (problem := wrong_types(merged)) is not None:
        yield (), f"makes no pod's spec: {problem}", "Correct the field that is named"
    for _, volume in _items(merged, "volumes"):
        sources = sorted(set(volume) - {"name"})
        if len(sources) != 1:
            what = f"volume {volume.get('name')} has {', '.join(sources) or 'no source'}, and a volume has one"
            yield ("volumes",), what, "Name one source"


def _is_pinned(image: object) -> bool:
    return isinstance(image, str) and PINNED.fullmatch(image) is not None


def _items(holder: Mapping[str, Any], field: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Those of a list that are maps, with their places; what else is there is of a wrong type and said so elsewhere."""
    found = holder.get(field)
    items = found if isinstance(found, list | tuple) else ()
    return [(index, item) for index, item in enumerate(items) if isinstance(item, Mapping)]
