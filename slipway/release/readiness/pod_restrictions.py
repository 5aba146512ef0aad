"""What a pod's spec may not hold by the `restricted` profile of the Kubernetes Pod Security Standards. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Restriction = Literal[
    "hostNetwork", "hostPID", "hostIPC", "hostPort", "host", "hostProcess", "volumes", "sysctls", "privileged",
    "escalation", "capabilities", "procMount", "root", "profile", "seLinux",
]  # fmt: skip
"""What the gates' settings may allow."""
VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
"""Sources of a volume that reach nothing of the node."""
SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    }
)
CONFINED_BY = ("RuntimeDefault", "Localhost")
SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass(frozen=True, slots=True)
class Violation:
    """One field of the spec; `name` is what the gates' settings allow it by."""

    name: Restriction
    path: str
    found: str
    wanted: str


def violations(spec: Mapping[str, Any]) -> Iterator[Violation]:
    """Of a whole PodSpec."""
    shared: tuple[Restriction, ...] = ("hostNetwork", "hostPID", "hostIPC")
    for name in shared:
        if spec.get(name):
            yield Violation(name, name, "true", "no namespace of the node")
    for index, volume in _items(spec, "volumes"):
        for source in sorted(set(volume) - {"name"} - VOLUMES):
            yield Violation("volumes", f"volumes[{index}]", source, "a volume that reaches nothing of the node")
    security = _map(spec, "securityContext")
    for index, sysctl in _items(security, "sysctls"):
        if sysctl.get("name") not in SYSCTLS:
            yield Violation("sysctls", f"securityContext.sysctls[{index}]", str(sysctl.get("name")), "a safe one")
    yield from _of_security(security, "securityContext")
    for group in ("initContainers", "containers"):
        for index, container in _items(spec, group):
            yield from _of_container(container, f"{group}[{index}]", security)


def _of_container(container: Mapping[str, Any], path: str, of_pod: Mapping[str, Any]) -> Iterator[Violation]:
    own = _map(container, "securityContext")
    place = f"{path}.securityContext"
    yield from _of_security(own, place)
    if own.get("privileged"):
        yield Violation("privileged", f"{place}.privileged", "true", "an unprivileged container")
    if own.get("allowPrivilegeEscalation") is not False:
        yield Violation("escalation", f"{place}.allowPrivilegeEscalation", "not false", "false")
    capabilities = _map(own, "capabilities")
    added = sorted({*map(str, capabilities.get("add") or ())} - {"NET_BIND_SERVICE"})
    if added:
        yield Violation("capabilities", f"{place}.capabilities.add", ", ".join(added), "NET_BIND_SERVICE alone")
    if "ALL" not in (capabilities.get("drop") or ()):
        yield Violation("capabilities", f"{place}.capabilities.drop", "not ALL", "ALL")
    if own.get("procMount", "Default") != "Default":
        yield Violation("procMount", f"{place}.procMount", str(own["procMount"]), "Default")
    if "runAsNonRoot" not in own and not of_pod.get("runAsNonRoot"):
        yield Violation("root", f"{place}.runAsNonRoot", "not true", "true, here or of the pod")
    for index, port in _items(container, "ports"):
        if port.get("hostPort"):
            yield Violation("hostPort", f"{path}.ports[{index}].hostPort", str(port["hostPort"]), "no port of the node")
    yield from _of_handlers(container, path)


def _of_handlers(container: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """The kubelet asks the host that a check names, whatever it is."""
    checks = [(name, _map(container, name)) for name in _HANDLERS]
    lifecycle = _map(container, "lifecycle")
    checks += [(f"lifecycle.{name}", _map(lifecycle, name)) for name in ("postStart", "preStop")]
    for name, check in checks:
        for kind in ("httpGet", "tcpSocket"):
            if host := _map(check, kind).get("host"):
                yield Violation("host", f"{path}.{name}.{kind}.host", str(host), "the pod itself")


def _of_security(security: Mapping[str, Any], place: str) -> Iterator[Violation]:
    """What pods and containers have alike."""
    if security.get("runAsNonRoot") is False:
        yield Violation("root", f"{place}.runAsNonRoot", "false", "true")
    if security.get("runAsUser") == 0:
        yield Violation("root", f"{place}.runAsUser", "0", "a user other than root")
    for profile in ("seccompProfile", "appArmorProfile"):
        kind = _map(security, profile).get("type", CONFINED_BY[0])
        if kind not in CONFINED_BY:
            yield Violation("profile", f"{place}.{profile}.type", str(kind), " or ".join(CONFINED_BY))
    options = _map(security, "seLinuxOptions")
    if options.get("type", "") not in SELINUX_TYPES or options.get("user") or options.get("role"):
        yield Violation("seLinux", f"{place}.seLinuxOptions", str(options.get("type", "user or role")), "a container's")
    if _map(security, "windowsOptions").get("hostProcess"):
        yield Violation("hostProcess", f"{place}.windowsOptions.hostProcess", "true", "a process of the pod")


def _map(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, Mapping) else {}


def _items(holder: Mapping[str, Any], name: str) -> list[tuple[int, Mapping[str, Any]]]:
    found = holder.get(name)
    items = found if isinstance(found, list | tuple) else ()
    return [(index, item) for index, item in enumerate(items) if isinstance(item, Mapping)]
