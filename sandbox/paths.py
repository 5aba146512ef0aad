"""Where the sandbox keeps what it builds (the cache) and what it runs on (the state folder)."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def cache_dir() -> Path:
    """``SLIPWAY_CACHE``, else ``slipway`` in the user's cache folder. It may be deleted at any time."""
    if explicit := os.environ.get("SLIPWAY_CACHE"):
        return Path(explicit).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "slipway"


def state_dir() -> Path:
    """``SLIPWAY_STATE``, else ``sandbox`` in the cache. One state folder is one sandbox."""
    if explicit := os.environ.get("SLIPWAY_STATE"):
        return Path(explicit).expanduser().absolute()
    return cache_dir() / "sandbox"


@dataclass(frozen=True)
class StatePaths:
    """The layout of one state folder."""

    root: Path

    @property
    def identity(self) -> str:
        """Six hex digits that tell two sandboxes on one machine apart (devices, cgroups, subnet)."""
        return hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:6]

    @property
    def state_file(self) -> Path:
        return self.root / "state.json"

    @property
    def lock_file(self) -> Path:
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def config(self) -> Path:
        """Rendered configuration files, rewritten by every ``up``."""
        return self.root / "config"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def data(self) -> Path:
        """What survives a crash: etcd, registry, metrics."""
        return self.root / "data"

    @property
    def rules(self) -> Path:
        """Rule files of Prometheus."""
        return self.data / "rules"

    @property
    def alertmanager(self) -> Path:
        """Alertmanager's configuration: that of the last stack which wrote one."""
        return self.data / "alertmanager" / "alertmanager.yml"

    @property
    def node(self) -> Path:
        """containerd's and kubelet's files: worthless once their processes are gone."""
        return self.root / "node"

    @property
    def pulumi(self) -> Path:
        """PULUMI_HOME and the file backend of the stacks that live on this sandbox."""
        return self.root / "pulumi"

    @property
    def netns(self) -> Path:
        """A link to the network namespace: a stable name for ``nsenter --net``."""
        return self.root / "netns"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def access_log(self) -> Path:
        """One JSON object a request, written by the gateway's data plane."""
        return self.logs / "access.jsonl"

    def log(self, part: str) -> Path:
        return self.logs / f"{part}.log"


def state_paths() -> StatePaths:
    return StatePaths(state_dir())
