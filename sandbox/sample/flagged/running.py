"""The service in a cluster: placed there, and asked what its pods have seen."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import httpx2

from sandbox import probes
from sandbox.errors import SandboxError
from sandbox.sample.flagged.objects import NAME, PORT, Placement, objects
from sandbox.standins.flagd.watch import connect

READY_WITHIN = 90
SCRAPED_WITHIN = 20.0
POLL = 0.05


@dataclass(frozen=True)
class Change:
    """A configuration that a pod took: when (seconds of the monotonic clock), and what a caller then gets."""

    at: float
    variant: str


@dataclass
class Running:
    """``variables`` are the sandbox's environment."""

    placement: Placement
    variables: Mapping[str, str]

    def place(self) -> None:
        """Create or change it; returns when every pod has received flags and is scraped. Raises SandboxError."""
        content = {"apiVersion": "v1", "kind": "List", "items": objects(self.placement)}
        self.kubectl("apply", "-f", "-", given=json.dumps(content))
        self.kubectl("rollout", "status", f"deployment/{NAME}", f"--timeout={READY_WITHIN}s")
        deadline = time.monotonic() + SCRAPED_WITHIN
        while missing := set(self.pods()) - self._scraped():
            if time.monotonic() > deadline:
                raise SandboxError(NAME, f"{', '.join(missing)} is not scraped", "look at the targets of Prometheus")
            time.sleep(POLL)

    def _scraped(self) -> set[str]:
        """The pods whose counters Prometheus has."""
        query = f'http_requests_total{{namespace="{self.placement.namespace}"}}'
        address = f"{self.variables['SLIPWAY_PROMETHEUS_URL']}/api/v1/query?query={quote(query)}"
        return {one["metric"]["pod"] for one in probes.fetch_json(address)["data"]["result"]}

    def pods(self) -> list[str]:
        """The names of its pods, without those that are on their way out."""
        found = json.loads(self.kubectl("get", "pods", "-l", f"app={NAME}", "-o", "json"))["items"]
        return [pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def changes(self, pod: str) -> list[Change]:
        """What a pod has seen since it started, the oldest first."""
        path = f"/api/v1/namespaces/{self.placement.namespace}/pods/{pod}:{PORT}/proxy/changes"
        return [Change(*one) for one in self._http.get(path).raise_for_status().json()]

    def await_effect(self, pods: Sequence[str], variant: str, since: float, within: float = 10.0) -> float:
        """When the last of these pods got a configuration, newer than ``since``, that gives callers this variant.
        Instants are seconds of the monotonic clock. SandboxError after ``within`` seconds."""
        deadline = time.monotonic() + within
        while True:
            seen = [self._first(pod, variant, since) for pod in pods]
            if None not in seen:
                return max(at for at in seen if at is not None)
            if time.monotonic() > deadline:
                problem = f"{seen.count(None)} pods do not give {variant} within {within:g} s"
                raise SandboxError(NAME, problem, "look at the log of the sync server")
            time.sleep(POLL)

    def _first(self, pod: str, variant: str, since: float) -> float | None:
        return next((one.at for one in self.changes(pod) if one.at >= since and one.variant == variant), None)

    @cached_property
    def _http(self) -> httpx2.Client:
        return connect(Path(self.variables["KUBECONFIG"]))

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
