"""What the policy pack costs: a preview of 1,000 resources on the sandbox cluster with and without it, in one run.

The stack: 20 vouched releases with all of their components and evidence (20 of each of 7 types), and 860 other objects
that rules must pass by or look at. Real engine, provider, cluster and registry. Writes out/bench/policies.json.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from sandbox import world
from sandbox.paths import PROJECT
from sandbox.sample.binaries import binaries
from sandbox.sample.images import publish
from tests.policies.releases.resources import budget, deployment
from tests.policies.releases.scene import Scene

SERVICES = 20
RESOURCES = 1000
ROUNDS = 4
NAMESPACE = "slipway-bench-policies"
TARGET = 1.35
PREVIEW = ("preview", "--stack", "prod", "--non-interactive", "--color=never", "--json")


def main() -> int:
    """Measure, write the figures, and say whether the target holds."""
    world.up()
    variables = {**os.environ, **world.environment()}
    image = publish(variables["SLIPWAY_REGISTRY"], binaries().sample)["v1"]
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        root = Path(folder)
        (root / "backend").mkdir()
        variables["PULUMI_BACKEND_URL"] = (root / "backend").as_uri()
        _project(root, image, variables)
        try:
            figures = _measure(root, variables)
        finally:
            _kubectl(variables, "delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    out = PROJECT / "out" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "policies.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))
    return 0 if figures["ratio"] <= TARGET else 1


def _project(root: Path, image: str, variables: dict[str, str]) -> None:
    scene = Scene(root)
    registry = image.partition("/")[0]
    scene.configuration["artifact-integrity"] = {"plainHttp": [registry]}
    for number in range(SERVICES):
        scene.service(f"service-{number}", artifact__image=image).props["namespace"] = NAMESPACE
    scene.resources = [_other(number) for number in range(RESOURCES - 7 * SERVICES)]
    scene.write()
    stack = json.loads((root / "stack.json").read_text())
    for entry in stack["releases"]:
        entry["component"] = entry["props"]["manifest"]
        del entry["props"]["observed"]  # the provider observes itself
    (root / "stack.json").write_text(json.dumps(stack))
    project = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())
    project["runtime"]["options"]["virtualenv"] = str(PROJECT / ".venv")
    project["plugins"]["providers"][0]["path"] = str(PROJECT / "slipway" / "plugin")
    (root / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    shutil.copy(PROJECT / "tests/policies/releases/program.py", root / "__main__.py")
    _kubectl(variables, "create", "namespace", NAMESPACE)
    _run(root, variables, "stack", "init", "prod")


def _other(number: int) -> dict[str, Any]:
    """Six in ten are ConfigMaps, the rest Services, Secrets, Deployments and their budgets."""
    name = f"other-{number}"
    metadata = {"name": name, "namespace": NAMESPACE}
    kind = number % 10
    if kind == 0:
        props = deployment()
        props["metadata"] = {"name": "extra", "namespace": NAMESPACE, "labels": {"number": str(number)}}
        return {"type": "kubernetes:apps/v1:Deployment", "name": name, "props": _valid(props)}
    if kind == 1:
        props = {**budget(), "metadata": metadata}
        return {"type": "kubernetes:policy/v1:PodDisruptionBudget", "name": name, "props": props}
    if kind == 2:
        spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
        return {"type": "kubernetes:core/v1:Service", "name": name, "props": {"metadata": metadata, "spec": spec}}
    if kind == 3:
        props = {"metadata": metadata, "stringData": {"a": "b"}}
        return {"type": "kubernetes:core/v1:Secret", "name": name, "props": props}
    props = {"metadata": metadata, "data": {"key": "value" * 20, "other": "value"}}
    return {"type": "kubernetes:core/v1:ConfigMap", "name": name, "props": props}


def _valid(props: dict[str, Any]) -> dict[str, Any]:
    props["spec"]["selector"] = {"matchLabels": {"app": "extra"}}
    return props


def _measure(root: Path, variables: dict[str, str]) -> dict[str, Any]:
    """By turns, each first as often as it goes, so that what else the machine does meets both."""
    _timed(root, variables)  # caches of the interpreter and of the file system
    without: list[float] = []
    packed: list[float] = []
    for number in range(ROUNDS):
        pair = [(without, ()), (packed, ("--policy-pack", "policies"))]
        for times, more in pair if number % 2 == 0 else reversed(pair):
            times.append(_timed(root, variables, *more))
    return {
        "ratio": round(statistics.median(packed) / statistics.median(without), 4),
        "ratioOfFastest": round(min(packed) / min(without), 4),  # what else the machine does only ever adds
        "target": TARGET,
        "resources": RESOURCES,
        "releases": SERVICES,
        "secondsWithout": [round(value, 2) for value in without],
        "secondsWith": [round(value, 2) for value in packed],
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def _timed(root: Path, variables: dict[str, str], *more: str) -> float:
    began = time.perf_counter()
    output = _run(root, variables, *PREVIEW, *more)
    took = time.perf_counter() - began
    created = json.loads(output)["changeSummary"]["create"]
    if created < RESOURCES:
        raise SystemExit(f"only {created} resources were previewed")
    print(f"{'with' if more else 'without':8}{timedelta(seconds=round(took))} {took:6.2f} s", file=sys.stderr)
    return took


def _run(root: Path, variables: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        ["pulumi", *arguments], cwd=root, env=variables, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"pulumi {arguments[0]}: {done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def _kubectl(variables: dict[str, str], *arguments: str) -> None:
    subprocess.run(["kubectl", *arguments], env=variables, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
