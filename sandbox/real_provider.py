"""Pulumi's own Kubernetes provider in place of the stand-in: installed by the CLI, else built from its Go module."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox import toolchain
from sandbox.progress import Reporter
from sandbox.standins import links
from sandbox.toolchain.catalog import kubernetes_provider

INSTALLED_WITHIN = 300.0
"""Seconds for the CLI to download the plugin."""


def install_real_provider(variables: Mapping[str, str], report: Reporter) -> None:
    """Make the real provider the one of `PULUMI_HOME` in `variables`; nothing is done where a real one is found.

    Raises :class:`SandboxError` when it can neither be downloaded nor built.
    """
    if links.real_kubernetes(variables) is not None:
        return
    if _installed_by_the_cli(variables, report):
        return
    folder = toolchain.build_module(kubernetes_provider(), report)
    provider = folder / "bin" / links.KUBERNETES
    links.place_real_kubernetes(Path(variables["PULUMI_HOME"]), provider)


def _installed_by_the_cli(variables: Mapping[str, str], report: Reporter) -> bool:
    """Whether `pulumi plugin install` got it. The stand-in's link is in its way and goes first."""
    home = Path(variables["PULUMI_HOME"])
    links.forget_kubernetes(home)
    version = links.kubernetes_version()
    command = ["pulumi", "plugin", "install", "resource", "kubernetes", version, "--non-interactive"]
    with report.step(f"installing the Kubernetes provider {version}"):
        try:
            ended = subprocess.run(
                command, env=dict(variables), capture_output=True, text=True, timeout=INSTALLED_WITHIN, check=False
            )
        except subprocess.TimeoutExpired:
            report.note(f"the Kubernetes provider was not downloaded within {INSTALLED_WITHIN:.0f} s: it is built")
            return False
    if ended.returncode != 0:
        reason = (ended.stderr.strip().splitlines() or ["no reason was given"])[-1]
        report.note(f"the Kubernetes provider cannot be downloaded, so it is built: {reason}")
    return ended.returncode == 0
