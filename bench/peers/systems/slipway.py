"""Slipway itself: one stack of its own, `pulumi up`, the same weights, and the same question to the data plane.

Documented: the defaults of the manifest (tick 2 s, dwell 30 s, false aborts at most 1%). Both settings declare 1% as
negligible, which is what Flagger's tutorial tolerates, and keep an eye on the release at 100%, which the others do not.
Aggressive: tick 1 s, and two minutes at 100%.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Any

from bench.peers.matrix import LATENCY_LIMIT_MS, RATE, REPLICAS, WEIGHTS, Cell, Setting
from bench.peers.objects import PORT, SERVICE
from bench.peers.systems.base import Site, State, Surroundings
from sandbox.errors import SandboxError
from sandbox.stage import manifests
from sandbox.stage.project import Stage

ANALYSIS: Mapping[str, Mapping[str, Any]] = {
    "documented": {"tick": "2s", "dwell": "30s"},
    "aggressive": {"tick": "1s", "dwell": "5s"},
}
FINAL_BAKE = {"documented": "60s", "aggressive": "120s"}
ENDS_WITHIN = 120.0
Json = dict[str, Any]


class Slipway:
    """One stack with one service."""

    def __init__(self, around: Surroundings, site: Site) -> None:
        self._around, self._site = around, site
        self._stage = Stage(site.folder / "project", site.namespace, site.namespace, around.variables)
        self._log = site.folder / "up.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._cell: Cell | None = None

    def prepare(self, cell: Cell, env: Mapping[str, str]) -> None:
        self._cell = cell
        self._stage.create()
        self._declare("v1", env)
        result = self._stage.up()
        if result.code != 0:
            raise SandboxError("slipway", "the first version failed", "see its output", result.output.splitlines())

    def release(self, env: Mapping[str, str]) -> None:
        self._declare("v2", env)
        self._process = self._stage.start_up(self._log)

    def state(self) -> State:
        code = self._process.poll() if self._process is not None else None
        if code is None:
            return "progressing"
        if code != 0 and "aborted" not in self._log.read_text():
            raise SandboxError("slipway", f"pulumi up ended with {code}", "see its log", self._tail())
        return "aborted" if code else "completed"

    def said(self) -> str:
        return reason(self._log.read_text())

    def remove(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(ENDS_WITHIN)
        self._stage.destroy()

    def _declare(self, version: str, env: Mapping[str, str]) -> None:
        assert self._cell is not None, "prepare() comes first"
        values = manifest(version, self._around.image, self._site.host, self._cell.setting, env)
        self._stage.configure(SERVICE, manifests.write(self._stage.folder, values))

    def _tail(self) -> list[str]:
        return self._log.read_text().splitlines()[-12:]


class SlipwayByProxies(Slipway):
    """The same, with counts that are read from the gateway's proxy at each look instead of from Prometheus."""

    def __init__(self, around: Surroundings, site: Site) -> None:
        super().__init__(around, site)
        self._stage.metrics = {"kind": "proxies", "proxies": {"addresses": [around.proxy]}}


def reason(log: str) -> str:
    """The error of a failed `pulumi up` that says why; the engine's own, without a reason, comes before or after it."""
    errors = [line.strip() for line in log.splitlines() if line.strip().startswith("error: ")]
    return max(errors, key=lambda line: " aborted " in line, default="")[:400]


def manifest(version: str, image: str, host: str, setting: Setting, env: Mapping[str, str]) -> Json:
    """The manifest of one version."""
    steps = [{"weight": weight, "bake": f"{setting.hold}s"} for weight in WEIGHTS]
    steps.append({"weight": 100, "bake": FINAL_BAKE[setting.name]})
    guardrails = [
        {"name": "errors", "kind": "error-ratio", "negligible": "1%"},
        {"name": "latency", "kind": "latency", "threshold": f"{LATENCY_LIMIT_MS}ms", "negligible": "1%"},
    ]
    return manifests.manifest(
        SERVICE,
        version,
        image,
        {"kind": "canary", "steps": steps},
        route=manifests.route(host),
        workload=manifests.workload(port=PORT, replicas=REPLICAS, env=dict(env)),
        guardrails=guardrails,
        analysis={**ANALYSIS[setting.name], "expected": {"rate": RATE, "badShare": "0.1%"}},
    )
