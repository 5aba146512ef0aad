"""The pod of Slipway's own processes in a cluster, a rollout or a watch, in the names of Kubernetes' API. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.release.run_setting import RunSetting

GRACE = 150
"""Seconds to put the traffic back in: more than the 120 s that a provider takes for it at most."""
TOLERATED = 15
"""Seconds on a node that does not answer, instead of Kubernetes' 300."""
REQUESTS, LIMITS = {"cpu": "50m", "memory": "128Mi"}, {"memory": "512Mi"}
FILES_VARIABLE = "SLIPWAY_METRICS_FILES"
"""Names the folder that holds the files of the setting `metrics`, by their names; unset where they are at their
paths."""
FILES_FOLDER = "/var/run/slipway/metrics"
VITALS_PORT = 9464
METRICS_PATH = "/metrics"
SCRAPED = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": str(VITALS_PORT),
    "prometheus.io/path": METRICS_PATH,
}
"""Annotations by which Prometheus is commonly told what to read."""
PROBE = {
    "httpGet": {"port": VITALS_PORT, "path": "/live"},
    "periodSeconds": 10,
    "timeoutSeconds": 10,
    "failureThreshold": 4,
    "terminationGracePeriodSeconds": 10,
}
"""A process that has not answered for 40 s is stopped or hangs: it has lost its Lease, writes nothing any more, and
needs no grace. The one that follows it puts the traffic back."""
KEPT = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
"""An annotation: a pod that moves traffic is not moved to save a node."""


def pod_spec(
    run: RunSetting,
    arguments: Sequence[str],
    volumes: Sequence[Mapping[str, Any]] = (),
    mounts: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The kubelet starts the container again while its exit code is not 0. The image's entry point is
    `python -m slipway.rollout.runner`; secrets of receivers come as variables, those of metrics as files, from the
    Secrets that `run` names."""
    tmp = {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}
    env = [{"name": name, "value": "1"} for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")]
    if run.metrics_secret is not None:
        # The whole Secret, not single files of it: so the kubelet renews them.
        volumes = [*volumes, {"name": "metrics", "secret": {"secretName": run.metrics_secret}}]
        mounts = [*mounts, {"name": "metrics", "mountPath": FILES_FOLDER, "readOnly": True}]
        env.append({"name": FILES_VARIABLE, "value": FILES_FOLDER})
    container: dict[str, Any] = {
        "name": "slipway",
        "image": run.image,
        "args": list(arguments),
        "ports": [{"name": "vitals", "containerPort": VITALS_PORT}],
        "livenessProbe": PROBE,
        "env": env,
        "resources": {"requests": REQUESTS, "limits": LIMITS},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [*mounts, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - a volume of the pod's own
    }
    if run.secret is not None:
        container["envFrom"] = [{"secretRef": {"name": run.secret}}]
    return {
        "restartPolicy": "OnFailure",
        "serviceAccountName": run.service_account,
        "automountServiceAccountToken": True,
        "terminationGracePeriodSeconds": GRACE,
        "tolerations": [
            {
                "key": f"node.kubernetes.io/{what}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": TOLERATED,
            }
            for what in ("not-ready", "unreachable")
        ],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [*volumes, tmp],
    }
