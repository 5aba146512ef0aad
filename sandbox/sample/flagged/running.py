"""The service in a cluster: placed there, and asked what its pods have seen."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.errors import SandboxError
from sandbox.sample.flagged.objects import NAME, PORT, Placement, objects

READY_WITHIN = 90


@dataclass(frozen=True)
class Change:
    """A configuration that a pod took: when (seconds of the monotonic clock), and what a caller then gets."""

    at: float
    variant: str


@dataclass(frozen=True)
class Running:
    """``variables`` are the sandbox's environment."""

    placement: Placement
    variables: Mapping[str, str]

    def place(self) -> None:
        """Create or change it; returns when every pod has received flags. Raises SandboxError."""
        content = {"apiVersion": "v1", "kind": "List", "items": objects(self.placement)}
        self.kubectl("apply", "-f", "-", given=json.dumps(content))
        self.kubectl("rollout", "status", f"deployment/{NAME}", f"--timeout={READY_WITHIN}s")

    def pods(self) -> list[str]:
        """The names of its pods."""
        return self.kubectl("get", "pods", "-l", f"app={NAME}", "-o", "name").replace("pod/", "").split()

    def changes(self, pod: str) -> list[Change]:
        """What a pod has seen since it started, the oldest first."""
        path = f"/api/v1/namespaces/{self.placement.namespace}/pods/{pod}:{PORT}/proxy/changes"
        return [Change(*one) for one in json.loads(self.kubectl("get", "--raw", path))]

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """A kubectl command in the service's namespace; its output. Raises SandboxError."""
        done = subprocess.run(
            ["kubectl", "--namespace", self.placement.namespace, *arguments],
            env=dict(self.variables),
            input=given,
            capture_output=True,
            text=True,
            timeout=2 * READY_WITHIN,
            check=False,
        )
        if done.returncode != 0:
            raise SandboxError(NAME, f"kubectl {arguments[0]} failed", "see its output", done.stderr.splitlines())
        return done.stdout
