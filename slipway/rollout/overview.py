"""A whole target as it is now, for those who look at it again and again: its services, sets of flags and records.

What cannot be read stays as it was read last, with its time and with why: it is shown as old and never hidden. Nothing
is written. Times are Unix seconds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from slipway.release.errors import SlipwayError
from slipway.release.records.chain import Line, lines_of
from slipway.release.records.release_record import Recorded, read_records
from slipway.release.records.store import RecordsSetting, RecordStore
from slipway.release.target import Target
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters, connect_flags, flag_sets_in, open_records, services_in
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.assemble import Place as ExposurePlace
from slipway.rollout.exposure.assemble import connect_place
from slipway.rollout.exposure_inspection import ExposureInspection, inspect_exposure
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.inspection import FlagsInspection, Inspection, inspect, inspect_flags
from slipway.rollout.safety.holder import Onlooker

AT_ONCE = 8
"""Services that are read at the same time."""
SETTLED_EVERY = 10.0
"""Seconds between two looks at a service without a rollout in flight."""
RECORDS_EVERY = 60.0
RECORD_WITHIN = 60.0
"""Seconds after the end of a rollout within which its record is looked for at each look."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """What was read of one thing last, and when; `problem` is why the latest reading failed, empty when it did not."""

    value: T | None = None
    at: float = 0.0
    problem: str = ""

    def read_again(self, read: Callable[[], T], now: Callable[[], float]) -> Seen[T]:
        """After one more reading. What fails leaves the former value, whatever it is that fails."""
        try:
            return Seen(read(), now())
        except SlipwayError as error:
            return replace(self, problem=str(error))
        except Exception as error:
            return replace(self, problem=f"unexpected {type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class ServiceRecords:
    """The chain of one service, the oldest first: all its lines, and the rollouts among them."""

    lines: tuple[Line, ...] = ()
    rollouts: tuple[Recorded, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetView:
    """Everything that was read of one target. `name` is what it is called here: a stack, or a namespace."""

    name: str
    target: Target
    services: Seen[tuple[str, ...]] = Seen()
    """The names; its problem is that the target does not answer."""
    inspections: Mapping[str, Seen[Inspection]] = field(default_factory=dict)
    flags: Seen[tuple[FlagsInspection, ...]] = Seen()
    exposures: Mapping[str, Seen[ExposureInspection]] = field(default_factory=dict)
    """Of the flags whose exposure is declared, by `set/flag`."""
    records: Mapping[str, Seen[ServiceRecords]] = field(default_factory=dict)

    def kept(self, service: str) -> ServiceRecords:
        """The records of a service, as far as they were read."""
        seen = self.records.get(service)
        return seen.value if seen is not None and seen.value is not None else ServiceRecords()


@dataclass(frozen=True, slots=True)
class Place:
    """How a target is reached. All may raise ClusterError."""

    services: Callable[[], Iterable[str]]
    adapters: Callable[[str], Adapters]
    records: Callable[[str], RecordStore]
    flags: Callable[[], Sequence[FlagWriter]]
    exposure: Callable[[ExposurePlace], ExposureAdapters]


def place_of(target: Target, setting: RecordsSetting, project: Path) -> Place:
    """By the environment's credentials."""
    return Place(
        services=lambda: services_in(target),
        adapters=lambda service: connect_adapters(service, target),
        records=lambda service: open_records(service, target, setting, project),
        flags=lambda: [connect_flags(target, name) for name in flag_sets_in(target)],
        exposure=lambda place: connect_place(target, place),
    )


class Overview:
    """Reads one target again and again. `service` limits it to one; `view` may be asked from any thread, `refresh` is
    for one thread."""

    def __init__(
        self,
        name: str,
        target: Target,
        place: Place,
        *,
        service: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._place = place
        self._service = service
        self._now = now
        self._view = TargetView(name, target)
        self._worlds: dict[str, tuple[Adapters, Onlooker]] = {}
        self._exposed: dict[str, tuple[ExposureAdapters, Onlooker]] = {}
        self._lock = threading.Lock()

    @property
    def view(self) -> TargetView:
        """What was read last."""
        with self._lock:
            return self._view

    def refresh(self) -> TargetView:
        """Read what is due: rollouts in flight at each call, the rest less often."""
        view = self.view
        names = view.services.read_again(self._names, self._now)
        if names.problem:
            return self._keep(replace(view, services=names))
        known = names.value or ()
        inspections = at_once(lambda one: self._inspected(view, one), known)
        view = replace(view, services=names, inspections=inspections)
        records = at_once(lambda one: self._recorded(view, one), known)
        view = replace(view, records=records, flags=self._flags(view))
        places = _exposures_in(view.flags.value or ())
        exposures = at_once(lambda one: self._exposure(view, one, places[one]), [*places])
        return self._keep(replace(view, exposures=exposures))

    def _keep(self, view: TargetView) -> TargetView:
        with self._lock:
            self._view = view
        return view

    def _names(self) -> tuple[str, ...]:
        return (self._service,) if self._service is not None else tuple(sorted(self._place.services()))

    def _inspected(self, view: TargetView, service: str) -> Seen[Inspection]:
        last = view.inspections.get(service, Seen())
        settled = last.value is not None and not in_flight(last.value) and not last.problem
        if settled and self._service is None and self._now() - last.at < SETTLED_EVERY:
            return last
        return last.read_again(lambda: self._inspect(view, service), self._now)

    def _inspect(self, view: TargetView, service: str) -> Inspection:
        if service not in self._worlds:
            self._worlds[service] = (self._place.adapters(service), Onlooker())
        adapters, onlooker = self._worlds[service]
        return inspect(adapters, service, view.target.scope, watch=onlooker.look, with_series=True)

    def _recorded(self, view: TargetView, service: str) -> Seen[ServiceRecords]:
        last = view.records.get(service, Seen())
        age = self._now() - last.at
        if last.value is not None and age < RECORDS_EVERY and not _awaits_record(view, service, self._now()):
            return last
        return last.read_again(lambda: self._read_records(service), self._now)

    def _read_records(self, service: str) -> ServiceRecords:
        lines = tuple(lines_of(self._place.records(service).read()))
        return ServiceRecords(lines, tuple(read_records(lines)))

    def _flags(self, view: TargetView) -> Seen[tuple[FlagsInspection, ...]]:
        if self._service is not None:
            return view.flags
        return view.flags.read_again(lambda: tuple(map(inspect_flags, self._place.flags())), self._now)

    def _exposure(self, view: TargetView, name: str, place: ExposurePlace) -> Seen[ExposureInspection]:
        return view.exposures.get(name, Seen()).read_again(lambda: self._inspect_exposure(name, place), self._now)

    def _inspect_exposure(self, name: str, place: ExposurePlace) -> ExposureInspection:
        if name not in self._exposed:
            self._exposed[name] = (self._place.exposure(place), Onlooker())
        adapters, onlooker = self._exposed[name]
        return inspect_exposure(adapters, place.flags, onlooker.look)


def _exposures_in(sets: Sequence[FlagsInspection]) -> dict[str, ExposurePlace]:
    """The flags whose exposure goes step by step, by `set/flag`."""
    return {
        f"{one.name}/{key}": ExposurePlace(one.name, key, one.head.document)
        for one in sets
        for key, flag in one.head.declared.flags.items()
        if flag.exposure is not None
    }


def at_once(read: Callable[[str], T], names: Sequence[str]) -> dict[str, T]:
    """What `read`, which raises nothing, finds for each name, several at the same time. The threads are daemons, so
    that a cluster that does not answer holds up no program that ends."""
    waiting, found = deque(names), dict[str, T]()

    def work() -> None:
        with suppress(IndexError):
            while True:
                name = waiting.popleft()
                found[name] = read(name)

    threads = [threading.Thread(target=work, daemon=True) for _ in names[:AT_ONCE]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: found[name] for name in names}


def in_flight(seen: Inspection) -> bool:
    """Whether a rollout began and has not ended."""
    return seen.head is not None and seen.head.unfinished


def _awaits_record(view: TargetView, service: str, now: float) -> bool:
    """Whether a rollout ended a moment ago whose record was not read yet."""
    seen = view.inspections[service].value
    attempt = seen.head.attempt if seen is not None and seen.head is not None else None
    if attempt is None or attempt.ended is None or now - attempt.ended > RECORD_WITHIN:
        return False
    return all(one.event.rollout != attempt.id for one in view.kept(service).rollouts)
