"""A cluster of the user's own in place of the local one: checked, never changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from sandbox import environment as variables
from sandbox import probes, state, toolchain
from sandbox.errors import SandboxError
from sandbox.paths import StatePaths

REQUEST_TIMEOUT = "--request-timeout=10s"


def adopt(paths: StatePaths, prometheus_url: str | None, gateway_url: str | None) -> None:
    """Make the cluster that KUBECONFIG names the sandbox.

    Raises :class:`SandboxError` with everything that is missing at once; nothing is installed into a foreign
    cluster.
    """
    kubeconfig = os.environ.get("KUBECONFIG", "")
    missing = _missing_kubeconfig(kubeconfig)
    if not missing:
        missing += _missing_in_cluster(kubeconfig)
    missing += _missing_addresses(prometheus_url, gateway_url)
    if missing or not prometheus_url or not gateway_url:
        remedy = "provide what is listed and run slipway sandbox up --external again"
        raise SandboxError("external cluster", f"{len(missing)} things are missing", remedy, missing)
    with state.exclusive(paths):
        current = state.load(paths)
        if any(record.alive for record in current.parts.values()):
            raise SandboxError("sandbox", "a local one is up", "run slipway sandbox down first")
        record = state.ExternalRecord(
            kubeconfig=kubeconfig, prometheus_url=prometheus_url.rstrip("/"), gateway_url=gateway_url.rstrip("/")
        )
        variables.prepare(paths, toolchain.ensure_pulumi())
        state.save(paths, state.State(identity=paths.identity, external=record))


def _missing_kubeconfig(kubeconfig: str) -> list[str]:
    if not kubeconfig:
        return ["KUBECONFIG is not set: it names the file with your cluster's address and credentials"]
    absent = [item for item in kubeconfig.split(os.pathsep) if not Path(item).is_file()]
    return [f"KUBECONFIG names {item}, which is no file" for item in absent]


def _missing_in_cluster(kubeconfig: str) -> list[str]:
    answer = _kubectl(kubeconfig, "get", "gateways.gateway.networking.k8s.io", "-A", "-o", "json")
    if answer.returncode != 0:
        last = (answer.stderr.strip().splitlines() or ["no answer"])[-1]
        if "the server doesn't have a resource type" in answer.stderr:
            return ["the Gateway API: install its definitions (v1.0 or newer) and a controller that serves them"]
        return [f"an API server that answers: {last}"]
    gateways = yaml.safe_load(answer.stdout)["items"]
    return [] if any(_usable(item) for item in gateways) else ["a Gateway that its controller has programmed"]


def _usable(gateway: Mapping[str, object]) -> bool:
    return probes.condition(gateway, "Programmed")


def _missing_addresses(prometheus_url: str | None, gateway_url: str | None) -> list[str]:
    missing = []
    if not prometheus_url:
        missing.append("Prometheus: give --prometheus-url or set SLIPWAY_PROMETHEUS_URL")
    elif not probes.http_ok(f"{prometheus_url.rstrip('/')}/-/ready"):
        missing.append(f"Prometheus: {prometheus_url} does not answer at /-/ready")
    if not gateway_url:
        missing.append("the Gateway's address: give --gateway-url or set SLIPWAY_GATEWAY_URL")
    return missing


def _kubectl(kubeconfig: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(toolchain.kubectl()), REQUEST_TIMEOUT, *arguments],
        env=os.environ | {"KUBECONFIG": kubeconfig},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
