"""The service that chaos happens to: two checkouts of one stack, a constant load, and what the cluster says of it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.chaos.processes import VARIABLE, Checkout
from sandbox.sample.load import Load
from sandbox.stage import manifests
from sandbox.stage.project import Stage
from sandbox.state import write_atomically
from slipway.release.errors import ClusterError
from slipway.release.records.journal import Head, read_head
from slipway.release.target import KubernetesTarget
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.platforms.base import Readiness

NAME = "checkout"
STRATEGY: Mapping[str, Any] = {
    "kind": "canary",
    "steps": [{"weight": weight, "bake": "1s"} for weight in (40, 100)],
}
GUARDRAIL = {"name": "errors", "kind": "error-ratio", "tolerate": 1.1, "negligible": "5%"}
"""Decided by a hundred requests: what is tried is the machinery around the decision."""
ANALYSIS = {"tick": "1s", "dwell": "1s", "horizon": "120s", "errorGrace": "20s"}
UP_WITHIN = 240.0
"""Seconds for one `pulumi up`: a rollout takes 15, waiting for a Lease 15, errorGrace 20 and more than once."""
POLL = 0.02
LAST_ANSWERS = 30


@dataclass
class Up:
    """A `pulumi up` that runs or has ended, in a session of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    def await_end(self, within: float = UP_WITHIN) -> int | None:
        """Its exit code; None when it has not ended in time."""
        try:
            return self.process.wait(max(0.0, within))
        except subprocess.TimeoutExpired:
            return None

    def last_words(self) -> str:
        """The last line that says why it failed, for a report."""
        lines = [" ".join(line.split()) for line in self.log.read_text(errors="replace").splitlines()]
        said = [line for line in lines if "error:" in line or line.startswith(f"{NAME}:")]
        return said[-1][:300] if said else ""


class Subject:
    """`stage` is the first checkout, `second` another one of the same stack; each has a kubeconfig of its own, which
    marks its processes."""

    def __init__(self, stage: Stage, images: Mapping[str, str], kubeconfig: Path, folder: Path) -> None:
        self.stage, self.images, self.folder = stage, images, folder
        self.host = f"{stage.namespace}.example"
        self.first = self._marked(stage, kubeconfig, "first")
        self._copy = stage.checkout(folder / "second-checkout")
        self.second = self._marked(self._copy, kubeconfig, "second")
        self.world: Adapters = connect_adapters(NAME, KubernetesTarget(namespace=stage.namespace))

    @property
    def other(self) -> Stage:
        """The second checkout, with the configuration and the manifests of the first."""
        shutil.copytree(self.stage.folder / "releases", self._copy.folder / "releases", dirs_exist_ok=True)
        shutil.copy(self.stage.config_file, self._copy.config_file)
        return self._copy

    def declare(self, version: str, image: str) -> None:
        """Make the configuration name a new manifest."""
        values = manifests.manifest(
            NAME,
            version,
            self.images[image],
            STRATEGY,
            route=manifests.route(self.host),
            guardrails=[GUARDRAIL],
            analysis=ANALYSIS,
            workload=manifests.workload(
                replicas=2, env={"RELEASE": version}, drain={"beforeStop": "2s", "grace": "10s"}
            ),
        )
        self.stage.configure(NAME, manifests.write(self.stage.folder, values))

    def back_to(self, version: str) -> None:
        """Make the configuration name a version that was declared before."""
        self.stage.configure(NAME, f"releases/{NAME}/{version}.yaml")

    def up(self, log: str, stage: Stage | None = None, kubeconfig: Path | None = None, *more: str) -> Up:
        """Start `pulumi up`, with `more` options."""
        chosen = stage or self.stage
        own = dict(chosen.environment)
        if kubeconfig is not None:
            chosen.environment[VARIABLE] = str(kubeconfig)
        try:
            path = self.folder / f"{log}.log"
            return Up(chosen.start_up(path, *more), path)
        finally:
            chosen.environment = own

    def _marked(self, stage: Stage, kubeconfig: Path, name: str) -> Checkout:
        own = self.folder / f"{name}.kubeconfig"
        write_atomically(own, kubeconfig.read_text(), 0o600)
        stage.environment[VARIABLE] = str(own)
        return Checkout(own)

    # -- what the cluster says -----------------------------------------------------------------------------

    def head(self) -> Head | None:
        """The journal."""
        stored = self.world.journal.load()
        return read_head(stored.content) if stored is not None else None

    def shares(self) -> dict[str, float]:
        """The route: percent per backend."""
        live = self.world.router.read()
        return dict(live.shares) if live is not None else {}

    def serving(self) -> str | None:
        """The version that serves by the journal."""
        head = self.head()
        return head.serving.backend.version if head is not None and head.serving is not None else None

    def leased(self) -> bool:
        """Whether the Lease is held."""
        return self.world.lease.read() is not None

    def settled(self) -> bool:
        """Whether nothing is in flight and one backend has all the traffic."""
        with contextlib.suppress(ClusterError):
            head = self.head()
            return head is not None and not head.unfinished and _whole(self.shares())
        return False

    def readiness(self) -> Readiness | None:
        """Of the workload that serves by the journal."""
        head = self.head()
        if head is None or head.serving is None:
            return None
        return self.world.workloads.readiness(head.serving.backend)


def _whole(shares: Mapping[str, float]) -> bool:
    return [share for share in shares.values() if share > 0] == [100.0]


def await_true(question: Callable[[], bool], within: float) -> bool:
    """Ask until the answer is yes, at most `within` seconds; the last answer."""
    deadline = time.monotonic() + within
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def answers_since(load: Load, began: float) -> dict[str, int]:
    """Who answered in the intervals of the load that began at or after an instant."""
    found: dict[str, int] = {}
    for interval in load.snapshot().intervals:
        if interval.start >= began:
            for version in interval.responses:
                found[version] = found.get(version, 0) + interval.count(version)
    return found
