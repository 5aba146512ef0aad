"""What the exposure of a flag is like now, read from outside of it: its journal, the holder of its Lease, and what was
measured. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slipway.release.flags.attempts import Exposing
from slipway.release.manifest.plan import PlannedStep
from slipway.release.records.release_record import Series
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.record import load
from slipway.rollout.exposure.wanted import Wanted
from slipway.rollout.measurement.series import series_of
from slipway.rollout.platforms.base import Lease
from slipway.rollout.safety.holder import Holding


@dataclass(frozen=True, slots=True)
class ExposureInspection:
    """The exposure in flight of one flag, or the last one; `last` is None where there was none."""

    flags: str
    """The set."""
    flag: str
    last: Exposing | None
    percent: float
    """Of the users who get the variant now, by the journal of the flags."""
    lease: Holding
    planned: tuple[PlannedStep, ...] = ()
    """All steps that it is to take; none where the flag's exposure is declared no more."""
    latest: dict[str, Any] | None = None
    series: Series = field(default_factory=Series)


def inspect_exposure(adapters: ExposureAdapters, flags: str, look: Callable[[Lease], Holding]) -> ExposureInspection:
    """Read everything of one exposure. Raises ClusterError, also for a journal that is damaged or of a newer format."""
    head, last = adapters.flags.load(), load(adapters).head.last
    reached = head.reached.get(adapters.flag)
    running = last is not None and last.running
    records = adapters.journal.records(last.id) if last is not None and running else []
    declared = head.declared.flags.get(adapters.flag)
    planned: tuple[PlannedStep, ...] = ()
    if last is not None and declared is not None and declared.exposure is not None:
        planned = Wanted.of(adapters.flag, declared).beyond(last.base).steps
    return ExposureInspection(
        flags=flags,
        flag=adapters.flag,
        last=last,
        percent=reached.percent if reached is not None else 0.0,
        lease=look(adapters.lease) if running else Holding("free"),
        planned=planned,
        latest=records[-1] if records else None,
        series=series_of(records, {}),
    )
