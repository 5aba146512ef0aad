"""The parts of an executor for one attempt in the simulated world, each by itself."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.release.manifest.plan import Kind
from slipway.release.records.journal import Attempt, Head, Outcome
from slipway.release.rollout_inputs import Backend
from slipway.rollout.executor.observer import Observer
from slipway.rollout.executor.ramp import Ramp
from slipway.rollout.executor.settings import settings_of
from slipway.rollout.executor.turning_back import TurningBack
from slipway.rollout.record import AttemptRecord, Stored
from tests.unit.slipway.rollout.examples import serving
from tests.unit.slipway.rollout.simulation import Simulation


@dataclass
class Parts:
    """Record, ramp, observer and the way back of one attempt."""

    record: AttemptRecord
    ramp: Ramp
    observer: Observer
    turning_back: TurningBack


def parts(sim: Simulation, kind: Kind = "forward", leaving: tuple[Backend, ...] = ()) -> Parts:
    attempt = Attempt(
        id="r1",
        outcome=Outcome.RUNNING,
        kind=kind,
        candidate=sim.wanted.candidate,
        manifest=sim.wanted.manifest,
        began=sim.clock.now(),
    )
    head = Head(service="checkout", serving=None if sim.first else serving(), attempt=attempt, leaving=leaving)
    stored = Stored(head, sim.journal.save(head.to_json(), None))
    settings = settings_of(sim.wanted, kind)
    record = AttemptRecord(sim.world, stored, attempt)
    ramp = Ramp(sim.world, sim.wanted, attempt, stored, settings.steps, sim.cancelled)
    observer = Observer(sim.world, sim.wanted, record, ramp, settings, sim.lines, sim.cancelled)
    back = TurningBack(sim.world, sim.wanted, record, ramp, observer, sim.lines, sim.cancelled)
    return Parts(record, ramp, observer, back)
