"""The pod of one revision, as the Kubernetes API spells it: one container, restricted by default, drained before it
stops. Pure; the components declare it and the gates compare with it.

The restrictions are those of the `restricted` profile of the Kubernetes Pod Security Standards.
"""

from __future__ import annotations

import math
from typing import Any

from slipway.release.labels import selector
from slipway.release.manifest.workload import HttpProbe, Workload
from slipway.release.revision import workload_name
from slipway.release.strategic_merge import merge

FILES_VOLUME = "files"
SPREAD_OVER = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")

CONFINED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
"""Of every container."""

Spec = dict[str, Any]


def pod_spec(service: str, revision: str, image: str, workload: Workload) -> Spec:
    """A `PodSpec` without what is not set, with `workload.pod` merged over it. The container is named after the
    service, and containers that are added are as restricted as it is, where they do not say otherwise. A change of what
    is rendered raises `slipway.release.revision.TEMPLATE`. Raises NoMergeKey."""
    own = _own_spec(service, revision, image, workload)
    if not workload.pod:
        return own
    merged = merge(own, workload.pod)
    for group in ("containers", "initContainers"):
        if group in merged:
            merged[group] = [merge({"securityContext": CONFINED}, container) for container in merged[group]]
    return merged


def pod_metadata(service: str, revision: str, workload: Workload) -> Spec:
    """Labels and annotations of the pods."""
    own = {"app.kubernetes.io/name": service, **selector(service, revision)}
    annotations = {**workload.annotations, **workload.pod_metadata.annotations}
    return _set(labels={**workload.pod_metadata.labels, **own}, annotations=annotations or None)


def _own_spec(service: str, revision: str, image: str, workload: Workload) -> Spec:
    security = {
        "runAsNonRoot": workload.security.run_as_non_root,
        "runAsUser": workload.security.run_as_user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return _set(
        containers=[_container(service, image, workload)],
        volumes=_volumes(service, revision, workload),
        securityContext=_set(**security),
        serviceAccountName=workload.service_account,
        automountServiceAccountToken=workload.service_account is not None,
        enableServiceLinks=False,
        terminationGracePeriodSeconds=whole_seconds(workload.drain.grace),
        topologySpreadConstraints=[_spread(key, service, revision) for key in SPREAD_OVER],
    )


def file_keys(workload: Workload) -> dict[str, str]:
    """Path in the container -> key in the ConfigMap, whose keys may hold no slash."""
    return {path: f"file-{index}" for index, path in enumerate(sorted(workload.files))}


def whole_seconds(value: float) -> int:
    """Kubernetes counts in whole seconds; never less than what was asked for."""
    return math.ceil(value)


def _set(**properties: Any) -> Spec:  # noqa: ANN401 - JSON is what it is
    """Without those that are None, which the API takes for not given."""
    return {name: value for name, value in properties.items() if value is not None}


def _container(service: str, image: str, workload: Workload) -> Spec:
    probes, port = workload.probes, workload.port
    mounts = [
        {"name": FILES_VOLUME, "mountPath": path, "subPath": key, "readOnly": True}
        for path, key in file_keys(workload).items()
    ]
    return _set(
        name=service,
        image=image,
        imagePullPolicy="IfNotPresent",
        command=list(workload.command) or None,
        args=list(workload.args) or None,
        env=_environment(workload) or None,
        ports=[{"name": "http", "containerPort": port, "protocol": "TCP"}],
        resources=_resources(workload) or None,
        readinessProbe=_probe(probes.readiness, port),
        livenessProbe=_probe(probes.liveness, port),
        startupProbe=_probe(probes.startup, port),
        lifecycle=_lifecycle(workload),
        securityContext=CONFINED,
        volumeMounts=mounts or None,
    )


def _environment(workload: Workload) -> list[Spec]:
    plain = [{"name": name, "value": value} for name, value in sorted(workload.env.items())]
    secret = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": reference.secret, "key": reference.key}}}
        for name, reference in sorted(workload.secret_env.items())
    ]
    return [*plain, *secret]


def _resources(workload: Workload) -> Spec:
    declared = workload.resources
    return _set(requests=dict(declared.requests) or None, limits=dict(declared.limits) or None)


def _probe(probe: HttpProbe | None, port: int) -> Spec | None:
    if probe is None:
        return None
    return {
        "httpGet": {"path": probe.path, "port": port},
        "periodSeconds": whole_seconds(probe.period),
        "timeoutSeconds": whole_seconds(probe.timeout),
        "failureThreshold": probe.failures,
    }


def _lifecycle(workload: Workload) -> Spec | None:
    """The wait is the kubelet's own: it needs no shell in the image."""
    wait = whole_seconds(workload.drain.before_stop)
    return {"preStop": {"sleep": {"seconds": wait}}} if wait else None


def _volumes(service: str, revision: str, workload: Workload) -> list[Spec] | None:
    if not workload.files:
        return None
    return [{"name": FILES_VOLUME, "configMap": {"name": workload_name(service, revision)}}]


def _spread(key: str, service: str, revision: str) -> Spec:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(service, revision)},
    }
