"""The API server, the controllers and the scheduler."""

from __future__ import annotations

from functools import partial

from sandbox import kubeconfig, probes
from sandbox.context import API_PORT, Context
from sandbox.network import SERVICES
from sandbox.parts import etcd
from sandbox.parts.part import Part

CONTROLLER_MANAGER_PORT = 10257
SCHEDULER_PORT = 10259


def api_server(context: Context) -> Part:
    """The API server. No endpoint of the cluster advertises it: see sandbox.pod_environment."""
    pki = context.pki
    certificate, key = pki.server
    client_certificate, client_key = pki.kubelet_client
    return Part(
        name="kube-apiserver",
        argv=[
            str(context.tools.kube("kube-apiserver")),
            f"--etcd-servers=http://127.0.0.1:{etcd.CLIENT_PORT}",
            "--bind-address=0.0.0.0",
            f"--secure-port={API_PORT}",
            f"--advertise-address={context.network.node}",
            "--endpoint-reconciler-type=none",
            f"--service-cluster-ip-range={SERVICES}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--client-ca-file={pki.ca}",
            f"--token-auth-file={pki.tokens}",
            "--authorization-mode=Node,RBAC",
            "--anonymous-auth=true",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki.service_account_key}",
            f"--service-account-signing-key-file={pki.service_account_key}",
            f"--kubelet-certificate-authority={pki.ca}",
            f"--kubelet-client-certificate={client_certificate}",
            f"--kubelet-client-key={client_key}",
            "--kubelet-preferred-address-types=InternalIP",
            "--allow-privileged=true",
            "--profiling=false",
        ],
        environment={"SLIPWAY_USERS": pki.users},
        ready=partial(probes.http_ok, f"{context.api_url}/readyz", pki.ca),
        niceness=-5,
        version=context.tools.version("kubernetes"),
        listens=context.api_url,
    )


def controller_manager(context: Context) -> Part:
    """Every controller, each with its own service account."""
    pki = context.pki
    config = context.paths.config / "controller-manager.kubeconfig"
    return Part(
        name="kube-controller-manager",
        argv=[
            str(context.tools.kube("kube-controller-manager")),
            *_common(context, str(config), CONTROLLER_MANAGER_PORT),
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={pki.service_account_key}",
            f"--root-ca-file={pki.ca}",
        ],
        files={config: kubeconfig.render(context, "controller-manager")},
        ready=partial(probes.http_ok, f"https://{context.network.node}:{CONTROLLER_MANAGER_PORT}/healthz", pki.ca),
        version=context.tools.version("kubernetes"),
        listens=f"https://{context.network.node}:{CONTROLLER_MANAGER_PORT}",
    )


def scheduler(context: Context) -> Part:
    """The scheduler."""
    config = context.paths.config / "scheduler.kubeconfig"
    return Part(
        name="kube-scheduler",
        argv=[str(context.tools.kube("kube-scheduler")), *_common(context, str(config), SCHEDULER_PORT)],
        files={config: kubeconfig.render(context, "scheduler")},
        ready=partial(probes.http_ok, f"https://{context.network.node}:{SCHEDULER_PORT}/healthz", context.pki.ca),
        version=context.tools.version("kubernetes"),
        listens=f"https://{context.network.node}:{SCHEDULER_PORT}",
    )


def _common(context: Context, config: str, port: int) -> list[str]:
    certificate, key = context.pki.server
    return [
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--secure-port={port}",
        "--leader-elect=false",
        "--profiling=false",
    ]
