"""The rollout provider itself, on worlds in memory: `SLIPWAY_TEST_SCRIPT` names a JSON file that says what each service
does. `refused`: its candidate is quarantined. `exposed`: Service names that the route sends to. `late`: its cluster
answers after a second. `bakes`: it reports a step at 25% until that file is gone. `bad`: it is aborted then. All others
roll out. `SLIPWAY_TEST_STARTS` names a file that gets a
line for each start."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc

from slipway.plugin import rollout_resource, serve
from slipway.plugin.provider import SlipwayProvider
from slipway.release.errors import RolloutAborted
from slipway.release.records.journal import Head, Quarantine
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout import operations
from slipway.rollout.adapters import Adapters
from slipway.rollout.analysis.types import Decision, GuardrailResult, Verdict
from slipway.rollout.platforms.memory import MemoryIntents, MemoryJournalStore, MemoryLease, MemoryWorkloads
from slipway.rollout.routers.base import LiveRoute
from slipway.rollout.routers.memory import MemoryRouter
from slipway.rollout.status import Progress
from slipway.rollout.update import Update


def script_of(service: str) -> dict[str, Any]:
    return dict(json.loads(Path(os.environ["SLIPWAY_TEST_SCRIPT"]).read_text()).get(service, {}))


class Router(MemoryRouter):
    def __init__(self, shares: dict[str, float]) -> None:
        super().__init__()
        self._live = LiveRoute(shares, "1", True, "", True) if shares else None


def connect(where: RolloutInputs | operations.Place, stack: str) -> Adapters:
    script, journal = script_of(where.service), MemoryJournalStore()
    time.sleep(1.0 if script.get("late") else 0.0)
    if script.get("refused") and isinstance(where, RolloutInputs):
        bad = Quarantine(version="bad", reason="it failed before", at=1.0, rollout="r0")
        journal.save(Head(service=where.service, quarantined={where.candidate.revision: bad}).to_json(), None)
    router = Router(dict.fromkeys(script.get("exposed", ()), 50.0))
    return Adapters(router, MemoryWorkloads(), MemoryLease(time.monotonic), journal, MemoryIntents(), stack=stack)


class Scripted(Update):
    def run(self) -> dict[str, Any]:
        """Takes its time, so that what is refused at once would come first."""
        if script_of(self._wanted.service).get("exposed"):
            raise RolloutAborted("not settled")
        if bakes := script_of(self._wanted.service).get("bakes"):
            self._bake(Path(bakes))
        else:
            time.sleep(2.0)
        if script_of(self._wanted.service).get("bad"):
            raise RolloutAborted(f"{self._wanted.service} aborted at 25%: too many errors", quarantined=True)
        return self._wanted.to_wire()

    def _bake(self, until: Path) -> None:
        found = GuardrailResult("errors", Verdict.INCONCLUSIVE, 3.1, 100.0, 4812, 5, 14290, 16, None, "not enough yet")
        decision = Decision(Verdict.INCONCLUSIVE, 3.14, 100.0, (found,), "not enough yet")
        while until.exists():
            self._reporter.progress(Progress(self._wanted.service, 2, 4, 25.0, decision, "", 12.0))
            time.sleep(0.1)


def main() -> None:
    if log := os.environ.get("SLIPWAY_TEST_STARTS"):
        with Path(log).open("a") as file:
            file.write(f"{os.getpid()}\n")
    rollout_resource.Update = Scripted  # type: ignore[attr-defined]
    operations.plan = lambda wanted, adapters, olds: f"plan of {wanted.candidate.version}"
    operations.forecast = lambda wanted, adapters, olds: ()
    engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(sys.argv[1]))
    server, port = serve.start_server(SlipwayProvider(engine, connect, address=sys.argv[1]))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


main()
