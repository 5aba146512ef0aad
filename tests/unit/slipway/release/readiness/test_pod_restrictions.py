"""The `restricted` profile of the Pod Security Standards."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.pod import pod_spec
from slipway.release.readiness.pod_restrictions import violations
from tests.manifests import DIGEST, release

SIDECAR: dict[str, Any] = {"name": "proxy", "image": f"registry.example/proxy@{DIGEST}"}


def names(pod: dict[str, Any]) -> list[str]:
    declared = release(workload__pod=pod)
    return [one.name for one in violations(pod_spec("checkout", "r", declared.artifact.image, declared.workload))]


def container(**security: Any) -> dict[str, Any]:
    return {"containers": [{**SIDECAR, "securityContext": security}]}


def test_what_slipway_renders_and_a_plain_sidecar_violate_nothing() -> None:
    assert names({}) == []
    assert names({"containers": [SIDECAR], "volumes": [{"name": "a", "emptyDir": {}}]}) == []


@pytest.mark.parametrize(
    ("pod", "name"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"hostPID": True}, "hostPID"),
        ({"hostIPC": True}, "hostIPC"),
        ({"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}, "volumes"),
        ({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}, "sysctls"),
        ({"securityContext": {"runAsNonRoot": False}}, "root"),
        ({"securityContext": {"runAsUser": 0}}, "root"),
        ({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, "profile"),
        ({"containers": [{**SIDECAR, "ports": [{"containerPort": 1, "hostPort": 1}]}]}, "hostPort"),
        ({"containers": [{**SIDECAR, "readinessProbe": {"tcpSocket": {"port": 1, "host": "10.0.0.1"}}}]}, "host"),
        ({"containers": [{**SIDECAR, "lifecycle": {"postStart": {"httpGet": {"port": 1, "host": "a"}}}}]}, "host"),
        (container(privileged=True), "privileged"),
        (container(allowPrivilegeEscalation=True), "escalation"),
        (container(capabilities={"add": ["NET_ADMIN"]}), "capabilities"),
        (container(capabilities={"drop": []}), "capabilities"),
        (container(procMount="Unmasked"), "procMount"),
        (container(runAsUser=0), "root"),
        (container(appArmorProfile={"type": "Unconfined"}), "profile"),
        (container(seLinuxOptions={"type": "spc_t"}), "seLinux"),
        (container(windowsOptions={"hostProcess": True}), "hostProcess"),
    ],
)
def test_each_restriction_is_found_where_it_is_lifted(pod: dict[str, Any], name: str) -> None:
    assert name in names(pod)


def test_what_the_profile_lets_pass_is_no_violation() -> None:
    assert names(container(capabilities={"add": ["NET_BIND_SERVICE"]}, seLinuxOptions={"type": "container_t"})) == []
    assert names({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}}) == []
