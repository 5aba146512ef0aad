"""The node: containerd with runc and the bridge, and the kubelet."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import yaml

from sandbox import kubeconfig, probes
from sandbox.context import KUBELET_PORT, NODE_NAME, REGISTRY_PORT, Context
from sandbox.namespace import Namespace
from sandbox.parts.part import Part
from sandbox.paths import StatePaths
from sandbox.toolchain import debian

SOCKET = "/run/containerd/containerd.sock"
HEALTH_PORT = 10248
BRIDGE = "slipway0"


def containerd(context: Context, namespace: Namespace) -> Part:
    """The container runtime. Its fixed-path files lie in folders that only exist inside the namespace."""
    config = context.paths.config
    bridge = config / "cni" / "10-slipway.conflist"
    hosts = config / "registries" / "_default" / "hosts.toml"
    binary = context.tools.daemon("containerd")
    search = [str(binary.parent), str(context.tools.daemon("runc").parent), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    environment = {"PATH": ":".join(search)}
    if not _has_seccomp():
        environment["LD_LIBRARY_PATH"] = debian.library_path(context.tools.debian)
    return Part(
        name="containerd",
        argv=[str(binary), f"--config={config / 'containerd.toml'}", "--log-level=warn"],
        files={
            config / "containerd.toml": containerd_config(context, overlay_works(context.paths.root)),
            bridge: bridge_config(context),
            hosts: hosts_config(),
        },
        environment=environment,
        ready=partial(probes.unix_socket_answers, namespace.path(SOCKET)),
        version=context.tools.version("containerd"),
        listens=SOCKET,
    )


def containerd_config(context: Context, overlay: bool) -> str:
    """containerd's configuration, with the pause image of our own and no confinement that a sandbox need not have."""
    config = context.paths.config
    quoted = {
        "root": context.paths.node / "containerd",
        "bin": context.tools.cni_plugins,
        "cni": config / "cni",
        "registries": config / "registries",
        "runc": context.tools.daemon("runc"),
    }
    text = {name: json.dumps(str(path)) for name, path in quoted.items()}
    return f"""version = 2
root = {text["root"]}
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing"]

[grpc]
address = {json.dumps(SOCKET)}

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = {json.dumps(context.pause_image)}
disable_apparmor = true
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
max_concurrent_downloads = 8

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = {text["bin"]}
conf_dir = {text["cni"]}
max_conf_num = 1

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = {text["registries"]}

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = {json.dumps("overlayfs" if overlay else "native")}
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
BinaryName = {text["runc"]}
"""


def bridge_config(context: Context) -> str:
    """One bridge for all pods. Envoy is on it too, so pods need no address translation; their only route leads to the
    node, where everything of the sandbox listens."""
    document = {
        "cniVersion": "0.4.0",
        "name": "slipway",
        "plugins": [
            {
                "type": "bridge",
                "bridge": BRIDGE,
                "isGateway": True,
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": context.network.pods}]],
                    "routes": [{"dst": f"{context.network.node}/32"}],
                    "dataDir": "/run/cni",
                },
            }
        ],
    }
    return json.dumps(document, indent=2)


def hosts_config() -> str:
    """Every image, whatever registry its name says, comes from the sandbox's own: nothing else can be reached."""
    address = f"http://127.0.0.1:{REGISTRY_PORT}"
    return f'server = "{address}"\n\n[host."{address}"]\ncapabilities = ["pull", "resolve"]\n'


def overlay_works(folder: Path) -> bool:
    """Whether layers can be stacked in ``folder``: not on a file system that is itself stacked."""
    best = ("", "")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if folder.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1] not in {"overlay", "fuse-overlayfs", "nfs", "nfs4"}


def _has_seccomp() -> bool:
    folders = ("/lib", "/usr/lib")
    return any(next(Path(folder).glob("*-linux-gnu/libseccomp.so.2"), None) for folder in folders)


def kubelet(context: Context) -> Part:
    """The node agent. It manages no firewall, reserves nothing and evicts nothing."""
    config = context.paths.config / "kubelet.yaml"
    credentials = context.paths.config / "kubelet.kubeconfig"
    return Part(
        name="kubelet",
        argv=[
            str(context.tools.kube("kubelet")),
            f"--config={config}",
            f"--kubeconfig={credentials}",
            f"--root-dir={context.paths.node / 'kubelet'}",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={context.network.node}",
        ],
        files={config: kubelet_config(context), credentials: kubeconfig.render(context, "kubelet")},
        ready=partial(probes.http_ok, context.url(HEALTH_PORT, "/healthz")),
        version=context.tools.version("kubernetes"),
        listens=f"https://{context.network.node}:{KUBELET_PORT}",
    )


def kubelet_config(context: Context) -> str:
    """The kubelet's configuration for either cgroup version."""
    certificate, key = context.pki.server
    nothing = dict.fromkeys(("memory.available", "nodefs.available", "imagefs.available"), "0%")
    document = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": context.network.node,
        "port": KUBELET_PORT,
        "healthzBindAddress": context.network.node,
        "healthzPort": HEALTH_PORT,
        "tlsCertFile": str(certificate),
        "tlsPrivateKeyFile": str(key),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(context.pki.ca)},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{context.cgroup}",
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "localStorageCapacityIsolation": False,
        "resolvConf": "",
        # There is no DNS: a name looked up in a pod fails at once, and no pod draws a warning event for it.
        "clusterDNS": ["127.0.0.1"],
        "clusterDomain": "cluster.local",
        "podLogsDir": "/var/log/pods",
        "volumePluginDir": "/run/kubelet-volume-plugins",
        "evictionHard": nothing,
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "oomScoreAdj": 0,
        "shutdownGracePeriod": "0s",
        "nodeStatusUpdateFrequency": "10s",
        "nodeStatusReportFrequency": "1m",
    }
    return yaml.safe_dump(document, sort_keys=False)


def remove_leftovers(paths: StatePaths) -> None:
    """Files of a runtime and an agent whose processes are gone: their containers are, too."""
    shutil.rmtree(paths.node, ignore_errors=True)
