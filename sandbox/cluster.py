"""What is put into the cluster before it is usable, and how one sees that it is."""

from __future__ import annotations

import math
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import yaml

from sandbox import pod_environment, probes, process
from sandbox.context import GATEWAY_NAME, GATEWAY_NAMESPACE, NODE_NAME, Context
from sandbox.errors import SandboxError
from sandbox.namespace import CLEAN_ENVIRONMENT
from sandbox.parts import envoy_gateway, gateway, metrics
from sandbox.paths import PROJECT
from sandbox.state import write_atomically

GATEWAY_API = "gateway.networking.k8s.io"
FEATURE_FLAGS = PROJECT / "sandbox" / "definitions" / "featureflag.yaml"


def get(context: Context, path: str) -> dict[str, Any]:
    """A GET at the API server as administrator; ``OSError`` when it fails."""
    return probes.fetch_json(f"{context.api_url}{path}", context.pki.ca, context.pki.token("admin"))


def node_ready(context: Context, since: float) -> bool:
    """Whether the node reported itself ready at or after ``since`` (seconds since the epoch).

    A store that outlived a crash still says what the old kubelet said last.
    """
    try:
        node = get(context, f"/api/v1/nodes/{NODE_NAME}")
    except OSError:
        return False
    return probes.condition(node, "Ready") and heartbeat(node) >= math.floor(since)


def heartbeat(node: Mapping[str, Any]) -> float:
    """When a node last reported, in seconds since the epoch; 0 when it never did."""
    conditions = (node.get("status") or {}).get("conditions") or []
    times = [item["lastHeartbeatTime"] for item in conditions if item.get("lastHeartbeatTime")]
    return max((datetime.fromisoformat(item).timestamp() for item in times), default=0.0)


def gateway_programmed(context: Context) -> bool:
    """Whether the controller has taken the Gateway. Envoy Gateway says no more of one whose Envoy it does not run."""
    path = f"/apis/{GATEWAY_API}/v1/namespaces/{GATEWAY_NAMESPACE}/gateways/{GATEWAY_NAME}"
    return _has_condition(context, path, "Programmed" if context.envoy_gateway is None else "Accepted")


def account_ready(context: Context) -> bool:
    """Whether pods can be created: they need the default service account."""
    try:
        return bool(get(context, "/api/v1/namespaces/default/serviceaccounts/default"))
    except OSError:
        return False


def _has_condition(context: Context, path: str, kind: str) -> bool:
    try:
        return probes.condition(get(context, path), kind)
    except OSError:
        return False


def definitions_served(context: Context) -> bool:
    """Whether the API server knows Gateways, the controller's own kinds and feature flags."""
    try:
        get(context, f"/apis/{GATEWAY_API}/v1/gateways")
        if context.envoy_gateway is None:
            get(context, f"/apis/{GATEWAY_API}/v1alpha3/backendtlspolicies")
            get(context, "/apis/projectcontour.io/v1alpha1/contourconfigurations")
        else:
            get(context, f"/apis/{GATEWAY_API}/v1/backendtlspolicies")
            get(context, f"/apis/{envoy_gateway.API}/envoyproxies")
        get(context, "/apis/core.openfeature.dev/v1beta1/featureflags")
    except OSError:
        return False
    return True


def install_definitions(context: Context) -> None:
    """The Gateway API in the version that the gateway's controller wants, the controller's own kinds, and OpenFeature's
    resource for flags."""
    share = (context.envoy_gateway or context.tools.contour) / "share"
    own = [share / "contour-crds.yaml"] if context.envoy_gateway is None else sorted(share.glob("*/*.yaml"))
    for file in (share / "gateway-api-crds.yaml", *own, FEATURE_FLAGS):
        _kubectl(context, "apply", "--server-side", "--force-conflicts", "-f", str(file))
    await_true(lambda: definitions_served(context), "kube-apiserver", "what was installed is not served", 30)


def install_gateway(context: Context) -> None:
    """The Gateway ``public`` and what belongs to it."""
    manifests = context.paths.config / "gateway.yaml"
    objects = gateway.manifests() if context.envoy_gateway is None else envoy_gateway.manifests(context)
    write_atomically(manifests, yaml.safe_dump_all(objects, sort_keys=False), 0o600)
    _kubectl(context, "apply", "--server-side", "--force-conflicts", "-f", str(manifests))


def prometheus_may_list_pods(context: Context) -> bool:
    """Whether the rights of Prometheus' user are there."""
    try:
        return bool(get(context, f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{metrics.ROLE}"))
    except OSError:
        return False


def install_prometheus_rights(context: Context) -> None:
    """So that Prometheus finds the pods that want to be scraped."""
    manifests = context.paths.config / "prometheus-rights.yaml"
    write_atomically(manifests, yaml.safe_dump_all(metrics.rights(), sort_keys=False))
    _kubectl(context, "apply", "--server-side", "--force-conflicts", "-f", str(manifests))


def pods_reach_the_api_server(context: Context) -> bool:
    """Whether pods are told where it is."""
    try:
        return bool(get(context, pod_environment.PATH))
    except OSError:
        return False


def install_pod_environment(context: Context) -> None:
    """So that pods with a token find the API server."""
    manifests = context.paths.config / "pod-environment.yaml"
    write_atomically(manifests, yaml.safe_dump_all(pod_environment.manifests(context), sort_keys=False))
    _kubectl(context, "apply", "--server-side", "--force-conflicts", "-f", str(manifests))


def await_true(question: Callable[[], bool], part: str, problem: str, within: float) -> None:
    """Ask until the answer is yes; an error naming ``part`` after ``within`` seconds."""
    deadline = time.monotonic() + within
    while not question():
        if time.monotonic() > deadline:
            remedy = (
                "slipway sandbox status shows the parts, their logs lie in the state folder; down and up starts anew"
            )
            raise SandboxError(part, f"{problem} after {within:.0f} s", remedy)
        time.sleep(process.POLL_LIMIT)


def _kubectl(context: Context, *arguments: str) -> None:
    """kubectl as administrator, its cache of the API's shape kept in the state folder."""
    command = [str(context.tools.kubectl), f"--kubeconfig={context.paths.kubeconfig}"]
    command += [f"--cache-dir={context.paths.node / 'kubectl'}", *arguments]
    result = subprocess.run(command, env=CLEAN_ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)
    if result.returncode != 0:
        tail = result.stderr.splitlines()[-6:]
        remedy = "run slipway sandbox up again; if it stays, down and up starts anew"
        raise SandboxError("kube-apiserver", f"kubectl {arguments[0]} failed", remedy, tail)
