"""The peers' controllers as processes of this benchmark: started with it, ended with it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx2
import yaml

from bench.peers import leftovers, objects
from bench.peers.api import Api, path_of
from bench.peers.systems.argo import PLUGIN
from bench.peers.toolchain import argo, flagger
from bench.peers.waiting import Patience
from sandbox.ports import free_port
from sandbox.progress import Reporter
from sandbox.toolchain import build_module

ARGO_NAMESPACE = "argo-rollouts"
ARGO_PROGRAM = Path("bin") / "rollouts-controller"
FLAGGER_PROGRAM = Path("bin") / "flagger"
READY_WITHIN = 60.0
ENDS_WITHIN = 20.0


@contextmanager
def running(api: Api, variables: Mapping[str, str], folder: Path, report: Reporter) -> Iterator[None]:
    """Both controllers, with their resource definitions in the cluster. Their logs lie in the folder. Raises
    SandboxError when another benchmark's are running."""
    folder.mkdir(parents=True, exist_ok=True)
    built_argo, built_flagger = build_module(argo(), report), build_module(flagger(), report)
    leftovers.end_controllers([built_argo / ARGO_PROGRAM, built_flagger / FLAGGER_PROGRAM])
    with ExitStack() as stack:
        stack.enter_context(_argo(api, variables, folder, built_argo))
        stack.enter_context(_flagger(api, variables, folder, built_flagger))
        yield


@contextmanager
def _argo(api: Api, variables: Mapping[str, str], folder: Path, built: Path) -> Iterator[None]:
    for file in sorted((built / "share").glob("*.yaml")):
        _define(api, file)
    router = built / "bin" / "traffic-router"
    api.apply(objects.namespace(ARGO_NAMESPACE))
    api.apply(plugin_config(router), ARGO_NAMESPACE)
    metrics, health = free_port(), free_port()
    command = [str(built / ARGO_PROGRAM), f"--kubeconfig={variables['KUBECONFIG']}"]
    command += [f"--metricsPort={metrics}", f"--healthzPort={health}", "--leader-elect=false", "--loglevel=warn"]
    command += ["--qps=100", "--burst=200"]
    with _process(command, variables, folder / "argo-rollouts"):
        _await(f"http://127.0.0.1:{health}/healthz", "argo-rollouts")
        yield


@contextmanager
def _flagger(api: Api, variables: Mapping[str, str], folder: Path, built: Path) -> Iterator[None]:
    _define(api, built / "share" / "crds.yaml")
    port = free_port()
    command = [str(built / FLAGGER_PROGRAM), f"-kubeconfig={variables['KUBECONFIG']}", f"-port={port}"]
    command += ["-mesh-provider=gatewayapi:v1", f"-metrics-server={variables['SLIPWAY_PROMETHEUS_URL']}"]
    command += ["-selector-labels=app", "-log-level=info", "-enable-config-tracking=false"]
    with _process(command, variables, folder / "flagger"):
        _await(f"http://127.0.0.1:{port}/healthz", "flagger")
        yield


def plugin_config(router: Path) -> objects.Json:
    """What tells the controller of Argo Rollouts where its traffic router is."""
    digest = hashlib.sha256(router.read_bytes()).hexdigest()
    plugins = [{"name": PLUGIN, "location": f"file://{router}", "sha256": digest}]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argo-rollouts-config"},
        "data": {"trafficRouterPlugins": yaml.safe_dump(plugins)},
    }


@contextmanager
def _process(command: list[str], variables: Mapping[str, str], folder: Path) -> Iterator[None]:
    shutil.rmtree(folder / "plugin-bin", ignore_errors=True)  # where Argo Rollouts copies its plugins to
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **variables, "POD_NAMESPACE": ARGO_NAMESPACE}
    with (folder / "controller.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the benchmark, which ends it after the runs
        )
        try:
            yield
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """With SIGTERM; then whatever is left of its session: a controller that ends leaves its plugins behind."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDS_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _define(api: Api, file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text()):
        if document:
            api.apply(document)
            path = path_of(document["apiVersion"], document["kind"], "", document["metadata"]["name"])
            Patience().until(partial(_served, api, path), READY_WITHIN, "cluster", f"{path} is not served")


def _served(api: Api, path: str) -> bool:
    conditions = api.get(path).get("status", {}).get("conditions") or []
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


def _await(url: str, part: str) -> None:
    Patience().until(lambda: _answers(url), READY_WITHIN, part, "the controller does not answer")


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=2.0).is_success
    except httpx2.TransportError:
        return False
