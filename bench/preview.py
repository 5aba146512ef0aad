"""What `pulumi preview` costs: a stack of 1 and of 100 new services, and the same objects declared as raw resources.

CPU seconds are those of the CLI and of everything that it starts, provider and language host included. On the sandbox.
Writes out/bench/preview.json.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox import world
from sandbox.paths import PROJECT
from sandbox.sample.binaries import binaries
from sandbox.sample.images import publish
from sandbox.stage import manifests
from sandbox.stage.project import Result, Stage

NAMESPACE = "slipway-bench-preview"
SIZES = (1, 100)
COLUMNS = ("services", "cpu_seconds", "wall_seconds", "raw_cpu_seconds")
PR_SET_CHILD_SUBREAPER = 36

RAW = """
import json
import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Service

for one in json.load(open("services.json")):
    metadata = {"name": one["name"], "namespace": one["namespace"]}
    labels = {"app": one["name"]}
    container = {"name": "app", "image": one["image"], "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    deployment = Deployment(one["name"], metadata=metadata, spec=spec)
    service = Service(one["name"], metadata=metadata, spec={"selector": labels, "ports": [{"port": 8080}]})
    rule = {"backendRefs": [{"name": one["name"], "port": 8080}]}
    route = {"parentRefs": [{"namespace": "edge", "name": "public"}], "hostnames": [one["host"]], "rules": [rule]}
    CustomResource(
        one["name"], api_version="gateway.networking.k8s.io/v1", kind="HTTPRoute", metadata=metadata, spec=route
    )
"""


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=3)
    runs = arguments.parse_args().runs
    _adopt_orphans()
    world.up()
    variables = world.environment()
    image = publish(variables["SLIPWAY_REGISTRY"], binaries().sample)["v1"]
    found = [_measure(services, image, dict(variables), runs) for services in SIZES]
    out = PROJECT / "out" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "preview.json").write_text(json.dumps(found, indent=2) + "\n")
    print("  ".join(COLUMNS))
    for one in found:
        print("  ".join(f"{one[name]:>{len(name)}}" for name in COLUMNS))
    return 0


def _measure(services: int, image: str, variables: dict[str, str], runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        ours = Stage(Path(folder) / "ours", "bench", f"{NAMESPACE}-{services}", variables)
        raw = Stage(Path(folder) / "raw", "bench-raw", f"{NAMESPACE}-{services}-raw", variables)
        _declare(ours, services, image)
        _declare_raw(raw, services, image)
        try:
            costs = [(_cost(ours.preview), _cost(raw.preview)) for _ in range(runs)]
        finally:
            ours.destroy()
            raw.destroy()
    return {
        "services": services,
        "cpu_seconds": round(statistics.median(cpu for (cpu, _), _ in costs), 2),
        "wall_seconds": round(statistics.median(wall for (_, wall), _ in costs), 2),
        "raw_cpu_seconds": round(statistics.median(cpu for _, (cpu, _) in costs), 2),
        "runs": runs,
        "load": round(os.getloadavg()[0], 1),
    }


def _declare(stage: Stage, services: int, image: str) -> None:
    stage.create()
    for number in range(services):
        name = f"service-{number}"
        values = manifests.manifest(name, "1.0.0", image, manifests.CANARY)
        stage.configure(name, manifests.write(stage.folder, values))


def _declare_raw(stage: Stage, services: int, image: str) -> None:
    stage.create()
    names = [f"service-{number}" for number in range(services)]
    declared = [
        {"name": name, "namespace": stage.namespace, "image": image, "host": f"{name}.example"} for name in names
    ]
    (stage.folder / "services.json").write_text(json.dumps(declared))
    (stage.folder / "__main__.py").write_text(RAW)


def _cost(preview: Callable[[], Result]) -> tuple[float, float]:
    """CPU and wall seconds of one preview."""
    before, began = _spent(), time.perf_counter()
    result = preview()
    wall = time.perf_counter() - began
    if result.code != 0:
        raise SystemExit(result.output)
    return _spent() - before, wall


def _spent() -> float:
    with contextlib.suppress(ChildProcessError):
        while True:  # plugins that outlived the CLI are ours now: their time counts once they were waited for
            os.waitpid(-1, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _adopt_orphans() -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    raise SystemExit(main())
