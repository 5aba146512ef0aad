"""A service in memory whose updates are carried out and recorded as the provider does it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from slipway.release.records.chain import lines_of, problems
from slipway.release.records.journal import Completed, Drill, Head
from slipway.release.records.release_record import GateOutcome, Recorded, read_records
from slipway.release.records.store import MemoryRecords
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.recording import Recorder, ReleaseFacts
from slipway.rollout.update import Update
from tests.unit.slipway.rollout.simulation import Simulation

GATES = GateOutcome(outcome="passed", gates=("tests",), configuration="policies/config/prod.json")
SERVED = Completed(revision="aaaaaaaa", version="v-aaaaaaaa", image="i@sha256:1", manifest="releases/1.yaml", at=1.0)


class Recording:
    """A service in memory whose updates are recorded. `candidate` is what the next update releases."""

    def __init__(self, before: Head | None = None) -> None:
        self.world = Simulation()
        self.records = MemoryRecords()
        self.told: list[str] = []
        self.facts = ReleaseFacts(gates=GATES)
        self.facts_of: dict[str, ReleaseFacts] = {}
        """Of single revisions, where they differ."""
        if before is not None:
            self.world.journal.save(before.to_json(), None)

    def recorder(self, inputs: RolloutInputs | None = None, drill: Drill | None = None) -> Recorder:
        world = replace(self.world.world, records=self.records, stack="shop/prod")
        return Recorder(world, inputs or self.world.wanted, "ada@laptop", self._facts, self.told.append, drill)

    def _facts(self, manifest: str, revision: str) -> ReleaseFacts:
        return self.facts_of.get(revision, self.facts)

    def update(self, inputs: RolloutInputs | None = None, drill: Drill | None = None) -> dict[str, Any]:
        """As the provider does it. Raises what the update raises."""
        recorder = self.recorder(inputs, drill)
        recorder.settle()
        world, found = recorder.adapters, inputs or self.world.wanted
        try:
            update = Update(found, world, {}, self.world.lines, self.world.cancelled, drill=drill)
            return update.run()
        finally:
            recorder.ended()

    @property
    def found(self) -> list[Recorded]:
        assert problems(self.records.read()) == []
        return read_records(lines_of(self.records.read()))
