"""A provider that is killed while the candidate gets copies: a process of its own, which speaks to an API server and a
Prometheus of the fleet benchmark, and its watchdog."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx2
import psutil
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from bench.fleet import objects
from bench.fleet.trial import kubeconfig, process, serve_old
from slipway.plugin.structs import to_struct
from slipway.release.errors import ClusterError
from slipway.release.records.journal import Head, Outcome
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.operations import plan
from slipway.rollout.record import load
from slipway.rollout.update import Update
from tests.unit.slipway.rollout.simulation import Lines

SERVICE = objects.name_of(0)
OLD, NEW = (objects.backend(SERVICE, which) for which in (objects.OLD, objects.NEW))
WITHIN = 120.0


def until(happened: Callable[[], bool]) -> None:
    """Another process does it."""
    deadline = time.monotonic() + WITHIN
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@dataclass(frozen=True)
class Killed:
    """A world in which nothing of the provider and its watchdog is left but what they wrote, or what the watchdog is
    still to write."""

    url: str
    wanted: RolloutInputs

    def adapters(self) -> Adapters:
        return connect_adapters(SERVICE, self.wanted.where, self.wanted.metrics)

    def head(self) -> Head:
        stored = load(self.adapters())
        assert stored is not None
        return stored.head

    def live(self) -> tuple[dict[str, float], dict[str, float]]:
        """Shares of users, and of copies."""
        live = self.adapters().router.read()
        assert live is not None
        return {name: share for name, share in live.shares.items() if share}, dict(live.mirrored)


Kill = Callable[[bool], Killed]


@pytest.fixture
def kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kill]:
    """`kill(watchdog)` begins a rollout, and kills its process by SIGKILL once copies are made."""
    with process("-m", "bench.fleet.server", "1") as (_, port):
        url = f"http://127.0.0.1:{port}"
        monkeypatch.setenv("SLIPWAY_KUBECONFIG", kubeconfig(tmp_path / "kubeconfig", url))
        steps: list[dict[str, Any]] = [
            {"mirror": "100%", "methods": ["GET"], "bake": "30m"},
            {"weight": 100, "bake": "1m"},
        ]
        declared = objects.inputs(SERVICE, url, 1.0).to_wire() | {"strategy": {"kind": "canary", "steps": steps}}
        found = Killed(url, RolloutInputs.model_validate(declared))
        serve_old(found.wanted)
        with process("-m", "bench.fleet.provider", str(tmp_path / "out")) as (provider, own):

            def stop(watchdog: bool) -> Killed:
                with grpc.insecure_channel(f"127.0.0.1:{own}") as channel:
                    stub = provider_pb2_grpc.ResourceProviderStub(channel)
                    urn = f"urn:pulumi:prod::shop::slipway:index:Rollout::{SERVICE}"
                    news = to_struct(found.wanted.to_wire())
                    call = stub.Update.future(provider_pb2.UpdateRequest(urn=urn, news=news))
                    until(lambda: call.done() or found.live()[1] == {NEW.entry: 100.0})
                    assert not call.done(), call.exception()
                    _kill(provider, watchdog=watchdog)
                return found

            yield stop


def _kill(provider: subprocess.Popen[str], *, watchdog: bool) -> None:
    below = psutil.Process(provider.pid).children(recursive=True)
    dogs = [one for one in below if "slipway.rollout.safety.watchdog" in one.cmdline()]
    assert dogs
    for dog in dogs if watchdog else []:
        dog.suspend()  # Killed first, it would be replaced.
    os.kill(provider.pid, signal.SIGKILL)
    provider.wait(WITHIN)
    for dog in dogs if watchdog else []:
        dog.kill()


class Repaired(Lines):
    """Interrupts the run as soon as it waits for nothing more than scrapes that see the candidate without requests."""

    def __init__(self) -> None:
        super().__init__()
        self.repaired = threading.Event()

    def status(self, line: str) -> None:
        super().status(line)
        if "is seen without requests" in line:
            self.repaired.set()


def _expire(url: str) -> None:
    """What is left of the Lease is a second."""
    leases = f"{url}/apis/coordination.k8s.io/v1/namespaces/{objects.NAMESPACE}/leases"
    for lease in httpx2.get(leases).json()["items"]:
        name = lease["metadata"]["name"]
        answer = httpx2.patch(f"{leases}/{name}", json={"spec": {"leaseDurationSeconds": 1}})
        assert answer.status_code == 200


def test_after_kill_9_while_copies_are_made_the_watchdog_ends_them(kill: Kill) -> None:
    world = kill(False)
    until(lambda: not world.head().unfinished)
    head = world.head()
    assert head.attempt is not None
    assert (head.attempt.outcome, head.attempt.by) == (Outcome.INTERRUPTED, "watchdog")
    assert world.live() == ({OLD.entry: 100.0}, {})
    assert head.quarantined == {}
    assert [one.entry for one in head.leaving] == [NEW.entry]
    assert plan(world.wanted, world.adapters(), {}).startswith("v-")  # it begins anew, by its copies


def test_without_the_watchdog_the_next_run_ends_the_copies_before_anything_else(kill: Kill) -> None:
    world = kill(True)
    assert world.head().unfinished
    assert world.live() == ({OLD.entry: 100.0}, {NEW.entry: 100.0})
    assert "put the traffic back first" in plan(world.wanted, world.adapters(), {})
    _expire(world.url)
    lines, settled = Repaired(), world.wanted.model_copy(update={"candidate": OLD})
    with pytest.raises(ClusterError, match=r"its workload stays, the next up waits again"):
        Update(settled, world.adapters(), {}, lines, lines.repaired).run()
    assert world.live() == ({OLD.entry: 100.0}, {})
    attempt = world.head().attempt
    assert attempt is not None
    assert (attempt.outcome, attempt.by) == (Outcome.INTERRUPTED, "repair")
    assert any("traffic is not settled, it goes back to" in line for line in lines.lines)
