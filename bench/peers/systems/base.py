"""The protocol of a release system, as the benchmark drives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from bench.own_prometheus import proxy_address
from bench.peers.api import Api
from bench.peers.matrix import Cell
from bench.peers.waiting import Patience

State = Literal["progressing", "aborted", "completed"]
"""`aborted`: the system gave the release up by itself; `completed`: it has all the traffic and the system is done."""


@dataclass(frozen=True)
class Surroundings:
    """Where the systems run: the cluster, the image of the sample service, addresses, and a folder for records."""

    api: Api
    image: str
    variables: Mapping[str, str]
    folder: Path
    patience: Patience

    @property
    def prometheus(self) -> str:
        return self.variables["SLIPWAY_PROMETHEUS_URL"]

    @property
    def proxy(self) -> str:
        """The data plane's own statistics."""
        return f"http://{proxy_address(self.variables)}"


@dataclass(frozen=True)
class Site:
    """Where one run takes place."""

    namespace: str
    host: str
    folder: Path


class System(Protocol):
    """One run of one system, in a namespace of its own. Methods raise SandboxError or httpx2 errors."""

    def prepare(self, cell: Cell, env: Mapping[str, str]) -> None:
        """Serve the version with this environment to all traffic; returns when the system itself is ready for a
        release of another."""
        ...

    def release(self, env: Mapping[str, str]) -> None:
        """Begin to release the version with this environment."""
        ...

    def state(self) -> State:
        """How far the release is."""
        ...

    def said(self) -> str:
        """Why it ended as it did, in the system's own words, in one line."""
        ...

    def remove(self) -> None:
        """Take everything of this run away."""
        ...
