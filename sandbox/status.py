"""What of a sandbox runs, where, in which version, with how much memory."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox import environment as variables
from sandbox import namespace as namespaces
from sandbox import probes, process, state
from sandbox.cgroups import Cgroups
from sandbox.context import API_PORT, GATEWAY_NAME, GATEWAY_NAMESPACE, NODE_NAME
from sandbox.errors import SandboxError
from sandbox.parts import aws, envoy_gateway, victoria_logs
from sandbox.paths import StatePaths
from sandbox.pki import Pki
from sandbox.standins import links

OPTIONAL = (victoria_logs.NAME, *aws.NAMES)
"""Parts that a sandbox has where somebody asked for them."""
PARTS = (
    "etcd",
    "registry",
    "containerd",
    "prometheus",
    "alertmanager",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "pod-scout",
)
"""Every daemon but the gateway's, in the order of starting."""
GATEWAYS = {"contour": ("contour", "envoy", "access-log"), "envoy-gateway": (envoy_gateway.NAME, "envoy")}
"""The daemons of each gateway."""
TOOLS = ("pulumi", "pulumi-language-python", "pulumi-resource-kubernetes", "pulumi-resource-aws", "kubectl", "flagd")
"""What the sandbox's PATH leads to, the machine's own programs first."""


@dataclass(frozen=True)
class PartStatus:
    """One daemon. ``state`` is running, dead (it ended on its own) or absent; times in seconds, memory in bytes."""

    name: str
    state: str
    version: str
    pid: int | None
    seconds: float | None
    memory: int
    listens: str
    log: str


@dataclass(frozen=True)
class Status:
    """A whole sandbox. ``ready`` means that releases can be tried on it now."""

    kind: str
    ready: bool
    problems: tuple[str, ...]
    parts: tuple[PartStatus, ...]
    tools: dict[str, str]
    """Program to where it is found, ``stand-in`` for one of ours; a program that is nowhere is left out."""
    pods: int
    memory: int
    state_folder: str
    network_namespace: str
    kubeconfig: str
    gateway: str = ""
    """The controller of the gateway; empty for a cluster of the user's own."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def inspect(paths: StatePaths) -> Status:
    """Look at the machine and ask the API server; needs no root for what anybody may see."""
    current = state.load(paths)
    if current.external is not None:
        return _external(paths, current.external)
    namespace = namespaces.find(paths.identity)
    gateway = current.gateway or "contour"
    asked_for = [name for name in OPTIONAL if name in current.parts]
    parts = tuple(_part(name, current, paths) for name in (*PARTS, *GATEWAYS[gateway], *asked_for))
    problems = [f"{part.name} is {part.state}" for part in parts if part.state != "running"]
    if namespace is None:
        problems = ["the sandbox is not up"]
    elif current.network is not None:
        problems += _cluster_problems(paths, current.network.node, "Accepted" if current.gateway else "Programmed")
    inside = process.members("pid", namespace.inode("pid")) if namespace else []
    return Status(
        kind="local",
        ready=not problems,
        problems=tuple(problems),
        parts=parts,
        tools=_tools(paths),
        pods=sum(_is_shim(pid) for pid in inside),
        memory=sum(process.memory(pid) for pid in {*inside, *Cgroups(paths.identity).processes()}),
        state_folder=str(paths.root),
        network_namespace=str(paths.netns) if namespace else "",
        kubeconfig=str(paths.kubeconfig) if namespace else "",
        gateway=gateway,
    )


def _part(name: str, current: state.State, paths: StatePaths) -> PartStatus:
    record = current.parts.get(name)
    log = str(paths.log(name))
    if record is None:
        return PartStatus(name, "absent", "", None, None, 0, "", log)
    if not record.alive:
        return PartStatus(name, "dead", record.version, None, None, 0, record.listens, log)
    age = process.age(record.started)
    memory = process.memory(record.pid)
    return PartStatus(name, "running", record.version, record.pid, round(age, 1), memory, record.listens, log)


def _cluster_problems(paths: StatePaths, node: str, programmed: str) -> list[str]:
    pki = Pki(paths.pki)
    gateway = f"/apis/gateway.networking.k8s.io/v1/namespaces/{GATEWAY_NAMESPACE}/gateways/{GATEWAY_NAME}"
    wanted = {f"/api/v1/nodes/{NODE_NAME}": ("node", "Ready"), gateway: ("gateway", programmed)}
    problems = []
    for path, (what, kind) in wanted.items():
        try:
            answer = probes.fetch_json(f"https://{node}:{API_PORT}{path}", pki.ca, pki.token("admin"))
        except OSError as error:
            problems.append(f"the {what} cannot be asked for: {error}")
            continue
        if not probes.condition(answer, kind):
            problems.append(f"the {what} is not {kind}")
    return problems


def _tools(paths: StatePaths) -> dict[str, str]:
    try:
        environment = variables.environment(paths, os.environ)
    except SandboxError:
        return {}
    found = {name: links.origin(name, environment) for name in TOOLS}
    return {name: place for name, place in found.items() if place}


def _is_shim(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("containerd-shim")
    except OSError:
        return False


def _external(paths: StatePaths, record: state.ExternalRecord) -> Status:
    return Status(
        kind="external",
        ready=True,
        problems=(),
        parts=(),
        tools=_tools(paths),
        pods=0,
        memory=0,
        state_folder=str(paths.root),
        network_namespace="",
        kubeconfig=record.kubeconfig,
    )
