"""What every part needs to know of the sandbox that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.network import Network
from sandbox.paths import StatePaths
from sandbox.pki import Pki
from sandbox.toolchain import Toolchain

API_PORT = 6443
KUBELET_PORT = 10250
REGISTRY_PORT = 5000
PROMETHEUS_PORT = 9090
ALERTMANAGER_PORT = 9093
VICTORIA_LOGS_PORT = 9428
ENVOY_STATS_PORT = 8002
LISTENER_PORT = 80
GATEWAY_PORT = 8000 + LISTENER_PORT
"""Contour opens a Gateway's listener on Envoy's port 8000 higher."""
ENVOY_GATEWAY_PORT = 10000 + LISTENER_PORT
"""Envoy Gateway opens one on the port 10000 higher, and keeps 8080 for itself."""

NODE_NAME = "slipway"
GATEWAY_NAMESPACE = "edge"
GATEWAY_NAME = "public"
GATEWAY_CLASS = "contour"


@dataclass(frozen=True)
class Context:
    """One sandbox: where its files are, which binaries it runs, which addresses it has."""

    paths: StatePaths
    tools: Toolchain
    network: Network
    pki: Pki
    cgroup: str
    pause_image: str
    """The pod sandbox image, by digest."""
    envoy_gateway: Path | None = None
    """The folder with Envoy Gateway and its definitions, where it is the gateway's controller; Contour is it else."""

    @property
    def api_url(self) -> str:
        return f"https://{self.network.node}:{API_PORT}"

    @property
    def registry(self) -> str:
        """``host:port`` of the registry, the same name for the host and for the node."""
        return f"{self.network.node}:{REGISTRY_PORT}"

    def url(self, port: int, path: str = "") -> str:
        return f"http://{self.network.node}:{port}{path}"
