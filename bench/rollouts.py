"""How fast a rollout notices a fault and how long the way back takes, on the sandbox: `make bench-rollouts`.

Writes out/bench/rollouts.json: for each measure its runs, in seconds, and their median. The fault: a version that
fails 5% of its requests from its first one, at 100 requests a second, tick 1 s, no warm-up, first step 5%. Fault to
safe: from the first faulty response that the client saw to the last response of the faulty version.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox import world
from sandbox.paths import PROJECT
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.project import Stage

OUT = PROJECT / "out" / "bench"
SERVICE = "checkout"
HOST = "bench-rollouts.example"
FAULT_RATE = 100.0
RATE = 300.0
"""Requests a second during faulty releases, and during the others."""


class Bench:
    """One service on a stage of its own, under constant traffic."""

    def __init__(self, stage: Stage, images: dict[str, str], load: Callable[[str, float], Load]) -> None:
        self._stage = stage
        self._images = images
        self._load = load

    def declare(self, version: str, image: str, **changes: object) -> str:
        """Write a manifest; returns its path."""
        values = manifests.manifest(
            SERVICE,
            version,
            self._images[image],
            manifests.CANARY,
            **{"route": manifests.route(HOST), "workload": manifests.workload(replicas=2), **changes},
        )
        return manifests.write(self._stage.folder, values)

    def up(self, manifest: str, standby: str | None = None) -> tuple[int, float]:
        """Exit code and seconds of `pulumi up`."""
        self._stage.configure(SERVICE, manifest, standby)
        began = time.monotonic()
        return self._stage.up().code, time.monotonic() - began

    def fault_to_safe(self, number: int, serving: str) -> float:
        """One faulty release; the next `up` removes its workload."""
        env = manifests.workload(replicas=2, env={"RUN": str(number)})
        faulty = self.declare(f"faulty-{number}", "errors-5", workload=env)
        with self._load(f"fault-{number}", FAULT_RATE) as load:
            code, _ = self.up(faulty)
            counts = load.snapshot()
        first, last = counts.first_failure("errors-5"), counts.last_response("errors-5")
        assert code != 0, "the faulty release was not aborted"
        assert first is not None and last is not None, "the client saw no fault"
        assert self.up(serving)[0] == 0, "the way back to a settled stack failed"
        return last - first

    def rollback(self, number: int) -> tuple[float, float]:
        """`slipway rollback` to the warm standby: seconds of the whole command, and the failed requests."""
        with self._load(f"rollback-{number}", RATE) as load:
            began = time.monotonic()
            result = self._stage.slipway("rollback", SERVICE, "--stack", self._stage.stack, "--yes")
            seconds = time.monotonic() - began
            failed = float(len(load.snapshot().failures))
        assert result.code == 0, result.output
        return seconds, failed


def main() -> int:
    """Exit code 0 when every run went as it should."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=5)
    runs = arguments.parse_args().runs
    world.up()
    variables = world.environment()
    images = publish(variables["SLIPWAY_REGISTRY"], binaries().sample, VERSIONS)
    stage = Stage(OUT / "rollouts-project", "bench", "slipway-bench-rollouts", variables)
    options = LoadOptions(duration=300.0, netns=Path(variables["SLIPWAY_NETNS"]))

    def load(name: str, rate: float) -> Load:
        return Load(variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], HOST, rate, OUT / f"{name}.jsonl", options)

    stage.create()
    try:
        found = _measure(Bench(stage, images, load), runs, load)
    finally:
        stage.destroy()
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "rollouts.json").write_text(json.dumps(found, indent=2) + "\n")
    for name, entry in found.items():
        print(f"{name}: median {entry['median']:.2f} of {', '.join(f'{run:.2f}' for run in entry['runs'])}")
    return 0


def _measure(bench: Bench, runs: int, load: Callable[[str, float], Load]) -> dict[str, dict[str, Any]]:
    first, second = bench.declare("v1", "v1"), bench.declare("v2", "v2")
    assert bench.up(first)[0] == 0, "the first release failed"
    faults = [bench.fault_to_safe(number, first) for number in range(runs)]
    with load("canary", RATE):
        assert bench.up(second, first)[0] == 0, "the canary failed"
    rollbacks = []
    for number in range(runs):
        # A second rollback would go further back: release the other version again, which is warm too.
        rollbacks.append(bench.rollback(number))
        assert bench.up(second, first)[0] == 0, "the way forward failed"
    return {
        "fault_to_safe_seconds": _entry(faults),
        "rollback_seconds": _entry([seconds for seconds, _ in rollbacks]),
        "rollback_failed_requests": _entry([failed for _, failed in rollbacks]),
    }


def _entry(values: list[float]) -> dict[str, Any]:
    return {"runs": [round(value, 3) for value in values], "median": round(statistics.median(values), 3)}


if __name__ == "__main__":
    raise SystemExit(main())
