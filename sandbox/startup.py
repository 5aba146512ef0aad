"""The order in which a sandbox comes up. Whatever already runs as it should is left alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import cluster, images, kubeconfig, pki, process, state, toolchain
from sandbox import namespace as namespaces
from sandbox.cgroups import Cgroups
from sandbox.context import REGISTRY_PORT, Context
from sandbox.namespace import Namespace
from sandbox.network import Network, Wire
from sandbox.parts import (
    access_log,
    alertmanager,
    aws,
    control_plane,
    envoy_gateway,
    etcd,
    gateway,
    metrics,
    node,
    registry,
    victoria_logs,
)
from sandbox.parts.launcher import READY_WITHIN, Launcher
from sandbox.parts.part import Part
from sandbox.paths import PROJECT, StatePaths
from sandbox.progress import Reporter
from sandbox.toolchain import Toolchain, debian

PAUSE_REPOSITORY = "slipway/pause"


@dataclass(frozen=True)
class Extras:
    """What a sandbox has only where it is asked for: the program of the server of logs, the folder with the packages of
    the local AWS."""

    logs: Path | None = None
    aws: Path | None = None
    envoy_gateway: Path | None = None
    """The folder with Envoy Gateway, where it is wanted in the place of Contour."""


def start(paths: StatePaths, tools: Toolchain, report: Reporter, extras: Extras | None = None) -> Context:
    """Bring every part up; returns when pods can be created and the gateway is programmed."""
    current, extras = state.load(paths), extras or Extras()
    current.gateway = "envoy-gateway" if extras.envoy_gateway is not None else None
    with report.step("namespaces and network"):
        namespace, network = _foundation(paths, tools, current)
    pause = images.build({"/pause": tools.pause}, ["/pause"])
    context = Context(
        paths=paths,
        tools=tools,
        network=network,
        pki=pki.ensure(paths.pki, [network.node, "127.0.0.1"]),
        cgroup=Cgroups(paths.identity).name,
        pause_image=f"{network.node}:{REGISTRY_PORT}/{PAUSE_REPOSITORY}@{pause.digest}",
        envoy_gateway=extras.envoy_gateway,
    )
    state.write_atomically(paths.kubeconfig, kubeconfig.render(context, "admin"), 0o600)
    _Startup(context, namespace, Launcher(paths, namespace, current), report, extras).run(pause)
    return context


def _foundation(paths: StatePaths, tools: Toolchain, current: state.State) -> tuple[Namespace, Network]:
    """The namespaces, the wire and the control groups: those that are there, else new ones."""
    namespace = namespaces.find(paths.identity)
    if namespace is None:
        _forget(paths, current)
        keep = [paths.root, toolchain.store().root, PROJECT, Path(sys.prefix), tools.envoy.parent]
        namespace = namespaces.create(paths.identity, tools.pause, keep, paths.log("namespace"))
        current.network_namespace = namespace.inode("net")
        state.save(paths, current)
    state.link_atomically(paths.netns, Path(f"/proc/{namespace.holder}/ns/net"))
    network = Network(**current.network.model_dump()) if current.network else _choose_network(paths, tools)
    current.network = state.NetworkRecord(**vars(network))
    wire = wire_of(tools, network)
    if not wire.connected(namespace):
        wire.connect(namespace)
    Cgroups(paths.identity).create()
    state.save(paths, current)
    return namespace, network


def _forget(paths: StatePaths, current: state.State) -> None:
    """The holder is gone and every part with it: drop what only they could use."""
    current.parts.clear()
    current.network_namespace = None
    Cgroups(paths.identity).remove()
    node.remove_leftovers(paths)


def _choose_network(paths: StatePaths, tools: Toolchain) -> Network:
    probe = wire_of(tools, Network.numbered(paths.identity, 0))
    return Network.choose(paths.identity, probe.read_taken())


def wire_of(tools: Toolchain, network: Network) -> Wire:
    """The wire of a sandbox, with the machine's ``ip`` program or the unpacked one."""
    return Wire(tools.ip, network, debian.library_path(tools.debian))


@dataclass(frozen=True)
class _Startup:
    context: Context
    namespace: Namespace
    launcher: Launcher
    report: Reporter
    extras: Extras

    def run(self, pause: images.Image) -> None:
        """Everything that depends on nothing starts at once; the rest as soon as what it needs answers."""
        context = self.context
        store = etcd.part(context)
        services = [registry.part(context), node.containerd(context, self.namespace), metrics.part(context)]
        services += [alertmanager.part(context)]
        services += [victoria_logs.part(context, self.extras.logs)] if self.extras.logs is not None else []
        api = control_plane.api_server(context)
        with self.report.step("etcd, registry, containerd, Prometheus, Alertmanager"):
            self._launch([store, *services])
            self.launcher.await_ready([store])
        with self.report.step("Kubernetes API server"):
            self._launch([api])
            self.launcher.await_ready(services)
            images.push(pause, context.registry, PAUSE_REPOSITORY)
            self.launcher.await_ready([api])
        agents = [
            control_plane.controller_manager(context),
            control_plane.scheduler(context),
            node.kubelet(context),
            metrics.scout(context),
        ]
        with self.report.step("controllers, scheduler, kubelet, Gateway API"):
            self._launch(agents)
            self._once(cluster.definitions_served, cluster.install_definitions)
            self._once(cluster.prometheus_may_list_pods, cluster.install_prometheus_rights)
            self._once(cluster.pods_reach_the_api_server, cluster.install_pod_environment)
        with self.report.step("node and gateway ready"):
            self._once(cluster.gateway_programmed, cluster.install_gateway)
            controller, *data_plane = _gateway(context)
            self._launch([controller])
            if context.envoy_gateway is not None:
                # An Envoy that asks before there is an answer is never given one.
                self._await(cluster.gateway_programmed, controller.name, "the Gateway is not accepted")
            self._launch(data_plane)
            self.launcher.await_ready([*agents, controller, *data_plane])
            since = time.time() - process.age(self.launcher.state.parts["kubelet"].started)
            self._await(lambda it: cluster.node_ready(it, since), "kubelet", "the node is not ready")
            self._await(cluster.account_ready, "kube-controller-manager", "pods cannot be created")
            self._await(cluster.gateway_programmed, controller.name, "the Gateway is not programmed")
        if self.extras.aws is not None:
            with self.report.step("local AWS"):
                emulators = aws.parts(context, self.extras.aws)
                self._launch(emulators)
                self.launcher.await_ready(emulators)

    def _launch(self, parts: Sequence[Part]) -> None:
        for part in parts:
            self.launcher.launch(part)

    def _once(self, done: Callable[[Context], bool], act: Callable[[Context], None]) -> None:
        if not done(self.context):
            act(self.context)

    def _await(self, question: Callable[[Context], bool], part: str, problem: str) -> None:
        cluster.await_true(lambda: question(self.context), part, problem, READY_WITHIN)


def _gateway(context: Context) -> list[Part]:
    """The gateway's controller and its data plane."""
    if context.envoy_gateway is not None:
        return [envoy_gateway.controller(context, context.envoy_gateway), envoy_gateway.envoy(context)]
    return [gateway.contour(context), gateway.envoy(context), access_log.part(context)]
