"""One trial: so many rollouts in flight in one provider process, watched for a while and then cancelled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import httpx2
import numpy as np
import psutil
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from bench.fleet import objects
from slipway.plugin.structs import to_struct
from slipway.release.records.journal import Head, Serving
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.routers.base import Split

START_WITHIN = 180.0
END_WITHIN = 120.0
SETTLE = 3.0
"""Seconds between the last first step and the beginning of the measurement."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`tick` and `seconds` (for how long it is watched) in seconds."""

    rollouts: int
    tick: float
    seconds: float


@contextmanager
def process(*command: str, environment: dict[str, str] | None = None) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process of this benchmark and the port that it prints; its input ends with the block."""
    started = subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert started.stdout is not None
        yield started, int(started.stdout.readline())
        assert started.stdin is not None
        started.stdin.close()
        if "bench.fleet.server" not in command:
            started.wait(30)
    finally:
        started.kill()
        started.wait()


def run(plan: Plan) -> dict[str, Any]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder, process("-m", "bench.fleet.server", str(plan.rollouts)) as (_, port):
        url = f"http://127.0.0.1:{port}"
        os.environ["SLIPWAY_KUBECONFIG"] = kubeconfig(Path(folder) / "kubeconfig", url)
        fleet = [objects.inputs(objects.name_of(index), url, plan.tick) for index in range(plan.rollouts)]
        for wanted in fleet:
            serve_old(wanted)
        out = Path(folder) / "looks.json"
        with process("-m", "bench.fleet.provider", str(out)) as (provider, own):
            result = _watch(plan, fleet, url, provider.pid, own)
        looks = json.loads(out.read_text())
    between = _intervals(looks, result.pop("began"), result.pop("ended"))
    return {
        **result,
        "look_median_seconds": round(float(np.median(between)), 3),
        "look_p99_seconds": round(float(np.quantile(between, 0.99)), 3),
    }


def kubeconfig(path: Path, url: str) -> str:
    """One that names the server."""
    content = {
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


def serve_old(wanted: RolloutInputs) -> None:
    """The world before the rollout: all traffic on the old version, and the journal says so."""
    world = connect_adapters(wanted.service, wanted.where)
    world.fence.arm("before")
    world.fence.note_renewal(world.fence.now(), START_WITHIN)
    old = objects.backend(wanted.service, objects.OLD)
    world.router.apply(wanted.route, Split.whole(old), None)
    serving = Serving(backend=old, route=wanted.route)
    world.journal.save(Head(service=wanted.service, serving=serving).to_json(), None)


def _watch(plan: Plan, fleet: list[RolloutInputs], url: str, pid: int, port: int) -> dict[str, Any]:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        calls = []
        for wanted in fleet:
            urn = f"urn:pulumi:prod::shop::slipway:index:Rollout::{wanted.service}"
            calls.append(stub.Update.future(provider_pb2.UpdateRequest(urn=urn, news=to_struct(wanted.to_wire()))))
        began = time.monotonic()
        _until(url, plan.rollouts, START_WITHIN, calls)
        started = time.monotonic() - began
        time.sleep(SETTLE)
        found = _measure(plan, url, psutil.Process(pid))
        began = time.monotonic()
        stub.Cancel(empty_pb2.Empty(), timeout=30)
        answered = time.monotonic() - began
        _until(url, 0, END_WITHIN)
        whole = time.monotonic() - began
        for call in calls:
            call.code()  # waits for its end
        ended = time.monotonic() - began
    return {
        **found,
        "start_seconds": round(started, 2),
        "cancel_answered_seconds": round(answered, 3),
        "cancel_seconds": round(whole, 2),
        "all_ended_seconds": round(ended, 2),
    }


def _measure(plan: Plan, url: str, provider: psutil.Process) -> dict[str, Any]:
    before, cpu, began = counts(url), _cpu(provider), time.monotonic()
    time.sleep(plan.seconds)
    after, spent, ended = counts(url), _cpu(provider) - cpu, time.monotonic()
    passed = ended - began
    kinds = {kind: number - before["requests"].get(kind, 0) for kind, number in after["requests"].items()}
    dogs = [child for child in provider.children() if "slipway.rollout.safety.watchdog" in child.cmdline()]
    return {
        "rollouts": plan.rollouts,
        "tick_seconds": plan.tick,
        "requests_per_second": round(sum(kinds.values()) / passed, 1),
        "by_kind": {kind: round(number / passed, 2) for kind, number in sorted(kinds.items()) if number},
        "cpu_share": round(spent / passed, 3),
        "rss_mib": round(provider.memory_info().rss / 2**20),
        "threads": provider.num_threads(),
        "watchdogs": len(dogs),
        "watchdog_rss_mib": round(sum(dog.memory_info().rss for dog in dogs) / 2**20),
        "began": began,
        "ended": ended,
    }


def counts(url: str) -> dict[str, Any]:
    """What the server has counted."""
    found: dict[str, Any] = httpx2.get(f"{url}/bench/counts", timeout=30).json()
    return found


def _until(url: str, split: int, within: float, calls: Sequence[Any] = ()) -> None:
    """None of `calls` may end meanwhile."""
    limit = time.monotonic() + within
    while (now := counts(url)["split"]) != split:
        for call in calls:
            if call.done():
                raise RuntimeError(f"a rollout ended: {call.exception()}")
        if time.monotonic() > limit:
            raise TimeoutError(f"{now} routes are split after {within:g} s, not {split}")
        time.sleep(0.05)


def _cpu(provider: psutil.Process) -> float:
    spent = provider.cpu_times()
    return float(spent.user + spent.system)


def _intervals(looks: dict[str, list[float]], began: float, ended: float) -> list[float]:
    """Seconds between two looks of one rollout while it was watched; the clock is the machine's."""
    found = []
    for times in looks.values():
        inside = [at for at in times if began <= at <= ended]
        found += [later - earlier for earlier, later in pairwise(inside)]
    return found
