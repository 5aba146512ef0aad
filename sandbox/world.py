"""The public face of the sandbox: up, down, where it is, and how to get inside."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Literal

from sandbox import environment as variables
from sandbox import namespace, startup, state, teardown, toolchain
from sandbox.context import Context
from sandbox.errors import SandboxError
from sandbox.network import device_name
from sandbox.paths import StatePaths, state_paths
from sandbox.progress import Reporter, SilentReporter
from sandbox.real_provider import install_real_provider
from sandbox.toolchain.catalog import envoy_gateway, victoria_logs

__all__ = ["GATEWAYS", "Gateway", "down", "environment", "gateway_of", "in_namespace", "up"]

Gateway = Literal["contour", "envoy-gateway"]
GATEWAYS: tuple[Gateway, ...] = ("contour", "envoy-gateway")
"""The controllers of the gateway that a sandbox can have."""


def up(
    report: Reporter | None = None,
    paths: StatePaths | None = None,
    *,
    real_provider: bool = False,
    logs: bool = False,
    aws: bool = False,
    gateway: Gateway | None = None,
) -> Context:
    """Bring the sandbox up, or complete one that is partly up; returns when it is ready to be used.

    With ``real_provider`` its stacks use Pulumi's own Kubernetes provider from now on, until the sandbox goes down;
    with ``logs`` it has a server of logs from now on, with ``aws`` a local AWS. ``gateway`` is the controller of its
    gateway; left out it is the one that this sandbox has, Contour of a new one.
    Raises :class:`SandboxError` with the part that failed. What was started stays, for ``up`` to go on from.
    """
    report, paths = report or SilentReporter(), paths or state_paths()
    namespace.require_rights()
    gateway = gateway_of(paths, gateway)
    pulumi = toolchain.ensure_pulumi(report)
    tools = toolchain.ensure(report)
    extras = startup.Extras(
        logs=toolchain.build_module(victoria_logs(), report) / "bin" / "victoria-logs" if logs else None,
        aws=toolchain.ensure_aws(report) if aws else None,
        envoy_gateway=toolchain.build_module(envoy_gateway(), report) if gateway == "envoy-gateway" else None,
    )
    with state.exclusive(paths):
        context = startup.start(paths, tools, report, extras)
        variables.prepare(paths, pulumi)
        if real_provider:
            install_real_provider(variables.environment(paths, os.environ), report)
    return context


def gateway_of(paths: StatePaths, wanted: Gateway | None) -> Gateway:
    """The controller that this sandbox has or is to get. Raises :class:`SandboxError` where it has the other one."""
    current = state.load(paths)
    has: Gateway | None = (current.gateway or "contour") if current.network is not None else None
    if has is not None and wanted not in (None, has):
        remedy = f"slipway sandbox down, then slipway sandbox up --gateway {wanted}; or give another SLIPWAY_STATE"
        raise SandboxError("gateway", f"this sandbox has {has}, and its objects are of that", remedy)
    return has or wanted or "contour"


def down(report: Reporter | None = None, paths: StatePaths | None = None, *, keep_data: bool = False) -> None:
    """End the sandbox and everything in it; nothing to do is no error.

    Raises :class:`SandboxError` when something would not go.
    """
    report, paths = report or SilentReporter(), paths or state_paths()
    if not paths.root.exists() and namespace.find(paths.identity) is None:
        return
    if state.load(paths).external is not None:
        paths.state_file.unlink(missing_ok=True)
        return
    namespace.require_rights()
    with state.exclusive(paths):
        teardown.tear_down(paths, report, keep_data=keep_data, remove_wire=lambda: _remove_wire(paths))


def _remove_wire(paths: StatePaths) -> None:
    """The kernel removes the wire when the last user of the namespace has gone, a moment later than we can wait for;
    so it is done by hand too, where the machine has the program for it."""
    if ip := toolchain.installed_ip():
        subprocess.run([ip, "link", "del", device_name(paths.identity)], capture_output=True, check=False)


def environment(paths: StatePaths | None = None) -> dict[str, str]:
    """The variables that point programs at the sandbox; see :mod:`sandbox.environment`."""
    return variables.environment(paths or state_paths(), os.environ)


def in_namespace(argv: Sequence[str], paths: StatePaths | None = None) -> list[str]:
    """The command that runs ``argv`` in the sandbox's network, where everything is on 127.0.0.1."""
    paths = paths or state_paths()
    if namespace.find(paths.identity) is None:
        raise SandboxError("sandbox", "it is not up", "run slipway sandbox up")
    return ["nsenter", f"--net={paths.netns}", "--", *argv]
