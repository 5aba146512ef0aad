"""A sandbox on paper: every path and address of one, nothing of it running."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox import pki
from sandbox.context import Context
from sandbox.network import Network
from sandbox.paths import StatePaths
from sandbox.toolchain import Toolchain

PAUSE = "10.213.1.2:5000/slipway/pause@sha256:" + "a" * 64


@pytest.fixture
def paths(tmp_path: Path) -> StatePaths:
    return StatePaths(tmp_path / "state")


@pytest.fixture
def tools(tmp_path: Path) -> Toolchain:
    packages = tmp_path / "debian"
    for name in ("containerd", "runc", "prometheus", "docker-registry"):
        program = packages / "usr" / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(0o755)
    versions = dict.fromkeys(("containerd", "prometheus", "docker-registry"), "1.0")
    (packages / "versions.json").write_text(json.dumps(versions))
    alertmanager = tmp_path / "debian-alertmanager"
    alertmanager.mkdir()
    (alertmanager / "versions.json").write_text(json.dumps({"prometheus-alertmanager": "1.0"}))
    return Toolchain(
        kubernetes=tmp_path / "kubernetes",
        contour=tmp_path / "contour",
        debian=packages,
        alertmanager=alertmanager,
        pause=tmp_path / "pause",
        envoy=tmp_path / "envoy",
        kubectl=tmp_path / "kubectl",
    )


@pytest.fixture
def context(paths: StatePaths, tools: Toolchain) -> Context:
    network = Network.numbered("000001", 1)
    return Context(
        paths=paths,
        tools=tools,
        network=network,
        pki=pki.ensure(paths.pki, [network.node]),
        cgroup="slipway-000001",
        pause_image=PAUSE,
    )
