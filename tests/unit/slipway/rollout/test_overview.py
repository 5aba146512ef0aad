"""Reading a target again and again: what is due, and what stays where reading fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest

from slipway.release.errors import ClusterError
from slipway.release.flags.attempts import Exposing, ExposureHead, begun
from slipway.release.records.journal import Outcome, StepRecord
from slipway.release.records.store import MemoryRecords, RecordStore
from slipway.release.target import KubernetesTarget
from slipway.rollout.adapters import Adapters
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.assemble import Place as ExposurePlace
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.overview import RECORDS_EVERY, SETTLED_EVERY, Overview, Place, Seen, ServiceRecords
from slipway.rollout.platforms.memory import MemoryJournalStore
from tests.unit.slipway.cli.examples import NOW, attempt, head, world
from tests.unit.slipway.rollout.exposure.simulation import KEY, Simulation


class Town:
    """A place in memory whose parts can fail, and that counts what it is asked."""

    def __init__(self, **worlds: Adapters) -> None:
        self.worlds = worlds
        self.now = NOW
        self.away = ""
        self.broken: dict[str, str] = {}
        self.asked: list[str] = []
        self.flags: list[FlagWriter] = []
        self.exposed: Simulation | None = None

    def services(self) -> Iterable[str]:
        if self.away:
            raise ClusterError(self.away)
        return self.worlds

    def world(self, service: str) -> Adapters:
        return self.worlds[service]

    def records(self, service: str) -> RecordStore:
        self.asked.append(service)
        if service in self.broken:
            raise ClusterError(self.broken[service])
        return MemoryRecords()

    def exposure(self, place: ExposurePlace) -> ExposureAdapters:
        self.asked.append(str(place))
        assert self.exposed is not None
        return self.exposed.world

    def overview(self, service: str | None = None) -> Overview:
        place = Place(self.services, self.world, self.records, lambda: self.flags, self.exposure)
        return Overview("staging", KubernetesTarget(namespace="shop"), place, service=service, now=lambda: self.now)


def broken(world: Adapters, monkeypatch: pytest.MonkeyPatch, load: Callable[[Any], Any]) -> None:
    monkeypatch.setattr(world.journal, "load", lambda: load(None))


def no_answer(_: object) -> None:
    raise ClusterError("no answer")


def test_every_service_is_read_with_its_time() -> None:
    found = Town(checkout=world(head()), basket=world(head())).overview().refresh()
    assert found.services == Seen(("basket", "checkout"), NOW)
    assert {name: seen.at for name, seen in found.inspections.items()} == {"basket": NOW, "checkout": NOW}
    assert found.records["checkout"] == Seen(ServiceRecords(), NOW)
    assert found.flags == Seen((), NOW)


class Declared:
    """A set of flags that was read."""

    name = "shop"

    def __init__(self, simulation: Simulation) -> None:
        self.load = simulation.flags.load

    def problem(self) -> str | None:
        return None

    def now(self) -> float:
        return NOW


def test_an_exposure_in_flight_is_read_with_its_steps_and_who_moves_it() -> None:
    town, exposed = Town(checkout=world(head())), Simulation()
    town.exposed, town.flags = exposed, [cast(FlagWriter, Declared(exposed))]
    exposed.flags.expose(5.0)
    last = Exposing(
        id="e1", flag=KEY, variant="on", off="off", salt="s", base=0.0, outcome=Outcome.RUNNING, began=NOW,
        steps=(StepRecord(weight=5, began=NOW),),
    )  # fmt: skip
    exposed.journal.save(begun(ExposureHead(flag=KEY), last).to_document(), None)
    exposed.lease().acquire("runner-1", 15.0)
    seen = town.overview().refresh().exposures[f"shop/{KEY}"]
    assert seen.value is not None
    assert (seen.problem, seen.value.last, seen.value.percent) == ("", last, 5.0)
    assert [step.weight for step in seen.value.planned] == [5.0, 25.0, 100.0]
    assert seen.value.lease.holder == "runner-1"
    assert f"exposure/shop/{KEY}/config-map" in town.asked


def test_a_target_that_does_not_answer_keeps_what_was_read_and_says_why() -> None:
    town = Town(checkout=world(head()))
    overview = town.overview()
    before = overview.refresh()
    town.away, town.now = "connection refused", NOW + 60
    after = overview.refresh()
    assert after.services == Seen(("checkout",), NOW, "connection refused")
    assert after.inspections == before.inspections
    town.away = ""
    assert overview.refresh().services == Seen(("checkout",), NOW + 60)


def test_one_service_that_cannot_be_read_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(checkout=world(head()), basket=world(head()))
    overview = town.overview()
    overview.refresh()
    broken(town.worlds["checkout"], monkeypatch, no_answer)
    town.now += SETTLED_EVERY
    found = overview.refresh().inspections
    assert (found["checkout"].at, found["checkout"].problem) == (NOW, "no answer")
    assert found["checkout"].value is not None
    assert found["basket"] == Seen(found["basket"].value, NOW + SETTLED_EVERY)


def test_a_fault_of_the_reader_itself_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(checkout=world(head()))
    broken(town.worlds["checkout"], monkeypatch, lambda _: int("nothing"))
    assert town.overview().refresh().inspections["checkout"].problem.startswith("unexpected ValueError: ")


def test_a_rollout_in_flight_is_read_each_time_and_a_settled_service_less_often() -> None:
    town = Town(flying=world(head(attempt=attempt())), settled=world(head()))
    overview = town.overview()
    overview.refresh()
    town.now += 2
    found = overview.refresh().inspections
    assert (found["flying"].at, found["settled"].at) == (NOW + 2, NOW)
    town.now = NOW + SETTLED_EVERY
    assert overview.refresh().inspections["settled"].at == NOW + SETTLED_EVERY


def test_the_ticks_of_a_rollout_in_flight_become_columns() -> None:
    town = Town(checkout=world(head(attempt=attempt())))
    side = {"total": 100, "bad": 1}
    tick = {"at": 1.0, "weight": 5.0, "counts": {"errors": {"candidate": side, "baseline": side}}, "verdict": "PASS"}
    town.worlds["checkout"].journal.append(attempt().id, [tick])
    found = town.overview().refresh().inspections["checkout"].value
    assert found is not None
    assert found.series.guardrails[0].bad == (1,)
    assert found.latest == tick


def test_records_are_read_seldom_but_at_once_after_a_rollout() -> None:
    town = Town(checkout=world(head()))
    overview = town.overview()
    for _ in range(3):
        overview.refresh()
        town.now += 1
    assert town.asked == ["checkout"]
    over = attempt(outcome=Outcome.COMMITTED, ended=town.now)
    journal = town.worlds["checkout"].journal
    assert isinstance(journal, MemoryJournalStore)
    journal.save(head(attempt=over).to_json(), "1")
    town.now += SETTLED_EVERY
    overview.refresh()
    assert town.asked == ["checkout"] * 2
    town.now += RECORDS_EVERY * 2
    overview.refresh()
    assert town.asked == ["checkout"] * 3


def test_records_that_cannot_be_read_leave_the_service_as_it_is() -> None:
    town = Town(checkout=world(head()))
    town.broken["checkout"] = "forbidden"
    found = town.overview().refresh()
    assert found.records["checkout"].problem == "forbidden"
    assert found.inspections["checkout"].problem == ""


def test_one_service_alone_is_read_at_each_look_and_no_list_is_asked_for() -> None:
    town = Town(checkout=world(head()), basket=world(head()))
    town.away = "forbidden"
    overview = town.overview("checkout")
    overview.refresh()
    town.now += 1
    found = overview.refresh()
    assert list(found.inspections) == ["checkout"]
    assert found.inspections["checkout"].at == NOW + 1
