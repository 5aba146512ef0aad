"""The variables with which Pulumi, kubectl, tests and load generators find the sandbox."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from sandbox import state, toolchain
from sandbox.context import (
    ALERTMANAGER_PORT,
    ENVOY_GATEWAY_PORT,
    GATEWAY_PORT,
    PROMETHEUS_PORT,
    REGISTRY_PORT,
    VICTORIA_LOGS_PORT,
)
from sandbox.errors import SandboxError
from sandbox.parts import aws, victoria_logs
from sandbox.paths import StatePaths, cache_dir
from sandbox.standins.links import STANDINS, bin_directory_for

PASSPHRASE = "slipway-sandbox"  # noqa: S105 - encrypts stacks that live and die with this sandbox


def environment(paths: StatePaths, base: Mapping[str, str]) -> dict[str, str]:
    """Variable to value; ``base`` is the caller's environment, whose PATH is extended.

    Raises :class:`SandboxError` when no sandbox was brought up.
    """
    current = state.load(paths)
    if current.external is not None:
        return _external(paths, current.external, base)
    if current.network is None or not paths.kubeconfig.exists():
        raise SandboxError("sandbox", "it is not up", "run slipway sandbox up")
    port = ENVOY_GATEWAY_PORT if current.gateway else GATEWAY_PORT
    node, log = current.network.node, str(paths.access_log)
    logs = {"SLIPWAY_LOGS_URL": f"http://{node}:{VICTORIA_LOGS_PORT}"} if victoria_logs.NAME in current.parts else {}
    cloud = aws.variables(node, paths) if aws.NAMES[0] in current.parts else {}
    return (
        _pulumi(paths, base)
        | logs
        | cloud
        | {
            "KUBECONFIG": str(paths.kubeconfig),
            "SLIPWAY_PROMETHEUS_URL": f"http://{node}:{PROMETHEUS_PORT}",
            "SLIPWAY_RULES": str(paths.rules),
            "SLIPWAY_ALERTMANAGER_CONFIG": str(paths.alertmanager),
            "SLIPWAY_ALERTMANAGER_URL": f"http://{node}:{ALERTMANAGER_PORT}",
            "SLIPWAY_GATEWAY_URL": f"http://{node}:{port}",
            "SLIPWAY_GATEWAY_LOOPBACK_URL": f"http://127.0.0.1:{port}",
            "SLIPWAY_REGISTRY": f"{node}:{REGISTRY_PORT}",
            "SLIPWAY_NETNS": str(paths.netns),
        }
        | ({"SLIPWAY_METRICS_PROFILE": current.gateway} if current.gateway else {"SLIPWAY_ACCESS_LOG": log})
    )


def _external(paths: StatePaths, record: state.ExternalRecord, base: Mapping[str, str]) -> dict[str, str]:
    return _pulumi(paths, base) | {
        "KUBECONFIG": record.kubeconfig,
        "SLIPWAY_PROMETHEUS_URL": record.prometheus_url,
        "SLIPWAY_GATEWAY_URL": record.gateway_url,
    }


def _pulumi(paths: StatePaths, base: Mapping[str, str]) -> dict[str, str]:
    """Pulumi on its own: nothing of the user's login, plugins or stacks is touched.

    On PATH come the stand-ins for the plugins that this machine lacks, then our kubectl and Pulumi, then the caller's.
    """
    variables = {
        "PULUMI_HOME": str(paths.pulumi / "home"),
        "PULUMI_BACKEND_URL": f"file://{paths.pulumi / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    inherited = [item for item in base.get("PATH", os.defpath).split(os.pathsep) if item and not _is_ours(item, paths)]
    path = os.pathsep.join([str(paths.root / "bin"), *inherited])
    stand_ins = bin_directory_for(variables | {"PATH": path})
    files = (paths.root / "bin" / "pulumi").resolve().parent.parent / "share"  # the SDK's, beside a CLI built here
    if files.is_dir():
        variables["SLIPWAY_PULUMI_SDK"] = str(files)
    return variables | {"PATH": f"{stand_ins}{os.pathsep}{path}"}


def _is_ours(folder: str, paths: StatePaths) -> bool:
    return folder in (str(paths.root / "bin"), str(STANDINS)) or Path(folder).is_relative_to(cache_dir() / "standins")


def prepare(paths: StatePaths, pulumi: toolchain.PulumiTool) -> None:
    """Make the folders and links that the variables name."""
    for folder in (paths.pulumi / "home", paths.pulumi / "backend", paths.root / "bin"):
        folder.mkdir(parents=True, exist_ok=True)
    for name, target in {"kubectl": toolchain.kubectl(), "pulumi": pulumi.cli}.items():
        state.link_atomically(paths.root / "bin" / name, target)


def exports(variables: Mapping[str, str]) -> str:
    """Lines for a shell's ``eval``."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items()))
