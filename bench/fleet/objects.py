"""What a cluster holds of each service of the fleet: two ready workloads, in the size that they have in production."""

from __future__ import annotations

import hashlib
from typing import Any

from slipway.release.rollout_inputs import Backend, RolloutInputs

NAMESPACE = "shop"
REPLICAS = 3
OLD, NEW = "old", "new"
Json = dict[str, Any]
STAMP = "2026-01-01T00:00:00Z"


def name_of(index: int) -> str:
    """The service's name."""
    return f"service-{index:04}"


def revision_of(service: str, which: str) -> str:
    """Of one of its two versions, OLD or NEW."""
    return hashlib.sha256(f"{service} {which}".encode()).hexdigest()[:16]


def backend(service: str, which: str) -> Backend:
    """One of its two versions."""
    revision = revision_of(service, which)
    return Backend(
        revision=revision,
        version=f"v-{revision}",
        image=f"registry.example/{service}@sha256:{'a' * 64}",
        workload=f"{service}-{revision}",
        entry=f"{service}-{revision}",
        port=8080,
        replicas=REPLICAS,
        ready_within=60.0,
        scaled_by_rollout=False,
    )


def route_of(service: str) -> Json:
    """Its route, as the manifest has it."""
    return {"gateway": {"namespace": "edge", "name": "public"}, "hostnames": [f"{service}.example"]}


def inputs(service: str, metrics_url: str, tick: float) -> RolloutInputs:
    """A canary that bakes at 5% until it is cancelled."""
    strategy = {"kind": "canary", "steps": [{"weight": 5, "bake": "30m"}, {"weight": 100, "bake": "1m"}]}
    return RolloutInputs.model_validate(
        {
            "service": service,
            "namespace": NAMESPACE,
            "candidate": backend(service, NEW),
            "route": route_of(service),
            "strategy": strategy,
            "guardrails": [
                {"name": "errors", "kind": "error-ratio", "negligible": "1%"},
                {"name": "latency", "kind": "latency", "threshold": "250ms", "negligible": "1%"},
            ],
            "analysis": {"tick": f"{tick:g}s", "dwell": "30s", "horizon": "2h", "error_grace": "30s"},
            "metrics": {"kind": "prometheus", "url": metrics_url},
            "owner": {"team": "payments", "oncall": "https://oncall.example", "runbook": "docs/runbook.md"},
            "manifest": f"releases/{service}/2.yaml",
        }
    )


def workload(service: str, which: str) -> dict[str, Json]:
    """Path -> object, of one version."""
    revision = revision_of(service, which)
    name = f"{service}-{revision}"
    labels = {
        "app.kubernetes.io/name": service,
        "slipway.dev/service": service,
        "slipway.dev/revision": revision,
    }
    found = {f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}": _deployment(name, service, labels)}
    pods = [f"{name}-{number:05}" for number in range(REPLICAS)]
    for pod in pods:
        found[f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}"] = _pod(pod, service, labels)
    found[f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices/{name}-x"] = _slice(name, labels, pods)
    return found


def _container(service: str) -> Json:
    env = [{"name": f"SETTING_{number}", "value": f"a value of usual length {number}"} for number in range(12)]
    resources = {"cpu": "500m", "memory": "512Mi"}
    probe = {"httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 5, "failureThreshold": 3}
    return {
        "name": service,
        "image": f"registry.example/{service}@sha256:{'a' * 64}",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": env,
        "resources": {"requests": resources, "limits": resources},
        "readinessProbe": probe,
        "livenessProbe": probe,
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsNonRoot": True},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
    }


def _managed(manager: str) -> Json:
    fields: Json = {f"f:field-{number}": {".": {}, "f:value": {}} for number in range(20)}
    return {"manager": manager, "operation": "Apply", "apiVersion": "v1", "time": STAMP, "fieldsV1": fields}


def _meta(name: str, labels: Json) -> Json:
    return {
        "name": name,
        "namespace": NAMESPACE,
        "labels": labels,
        "creationTimestamp": STAMP,
        "managedFields": [_managed("pulumi"), _managed("kubelet")],
    }


def _deployment(name: str, service: str, labels: Json) -> Json:
    selector = {key: value for key, value in labels.items() if key.startswith("slipway.dev/")}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(name, labels),
        "spec": {
            "replicas": REPLICAS,
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [_container(service)]}},
        },
        "status": {
            "observedGeneration": 1,
            "replicas": REPLICAS,
            "readyReplicas": REPLICAS,
            "updatedReplicas": REPLICAS,
            "availableReplicas": REPLICAS,
            "conditions": [{"type": "Available", "status": "True", "lastTransitionTime": STAMP}],
        },
    }


def _pod(name: str, service: str, labels: Json) -> Json:
    kinds = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    state = {"running": {"startedAt": STAMP}}
    status = {"name": service, "ready": True, "restartCount": 0, "started": True, "state": state, "image": "i"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _meta(name, labels),
        "spec": {"containers": [_container(service)], "nodeName": "node-1", "serviceAccountName": service},
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.1",
            "startTime": STAMP,
            "conditions": [{"type": kind, "status": "True", "lastTransitionTime": STAMP} for kind in kinds],
            "containerStatuses": [{**status, "imageID": f"registry.example/{service}@sha256:{'a' * 64}"}],
        },
    }


def _slice(service: str, labels: Json, pods: list[str]) -> Json:
    conditions = {"ready": True, "serving": True, "terminating": False}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": _meta(f"{service}-x", {**labels, "kubernetes.io/service-name": service}),
        "endpoints": [
            {
                "addresses": ["10.0.0.1"],
                "conditions": conditions,
                "nodeName": "node-1",
                "targetRef": {"kind": "Pod", "name": pod, "namespace": NAMESPACE},
            }
            for pod in pods
        ],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    }
