"""What an update of an exposure does before and after its rollout, and what a preview says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.release.errors import ClusterError, InputError, ReleaseRefused, RolloutAborted
from slipway.release.flags.attempts import Exposing
from slipway.release.flags.exposure_inputs import ExposureInputs, exposure_name
from slipway.release.flags.journal import Change, after_change
from slipway.release.flags.model import FeatureFlag
from slipway.release.records.journal import Outcome
from slipway.release.target import KubernetesTarget, Target
from slipway.rollout import exposing
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.meter import VariantMeter
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.safety.rescue import rescue
from tests.unit.slipway.rollout.exposure.simulation import CART, KEY, Simulation, flag
from tests.unit.slipway.rollout.metrics.server import Server, result


class NoGuard:
    """A watchdog that is only counted."""

    def __init__(self) -> None:
        self.disarmed = False
        self.acted = False
        guards.append(self)

    @classmethod
    def arm(cls, target: Target, service: str, rollout_id: str) -> NoGuard:
        assert (target, service) == (KubernetesTarget(namespace="shop"), f"exposure/shop/{KEY}/config-map")
        return cls()

    def await_ready(self) -> None:
        """Nothing to wait for."""

    def disarm(self) -> None:
        self.disarmed = True

    def act(self) -> None:
        self.acted = True


guards: list[NoGuard] = []


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    guards.clear()
    monkeypatch.setattr(exposing, "guards", lambda: NoGuard)
    numbers = iter(range(1, 100))
    monkeypatch.setattr(exposing, "new_rollout_id", lambda: f"x{next(numbers)}")


def inputs(definition: FeatureFlag | None = None) -> ExposureInputs:
    return exposing.parse(
        {
            "namespace": "shop",
            "set": "shop",
            "flag": KEY,
            "definition": (definition or flag()).model_dump(mode="json", by_alias=True, exclude_none=True),
            "metrics": {"kind": "prometheus", "url": "http://prometheus.example:9090"},
        }
    )


def update(world: Simulation) -> dict[str, Any]:
    return exposing.Update(inputs(world.declared), world.world, world.lines, world.cancelled).run()


def killed_by_hand(world: Simulation) -> None:
    change = Change(id="k1", flag=KEY, action="kill", by="kim", at=60.0, reason="it looks wrong")
    world.flags.head = after_change(world.flags.head, change)


def test_an_exposure_that_passes_is_in_the_outputs_and_disarms_its_guard() -> None:
    world = Simulation()
    outputs = update(world)
    assert outputs["percent"] == 100.0
    assert outputs["outcome"]["outcome"] == "committed"
    assert [step["weight"] for step in outputs["outcome"]["steps"]] == [5.0, 25.0, 100.0]
    assert [guard.disarmed for guard in guards] == [True]


def test_the_same_again_is_no_rollout() -> None:
    world = Simulation()
    first = update(world)
    assert update(world) == first
    assert len(guards) == 1


def test_a_larger_exposure_goes_on_with_the_salt_of_the_users_who_are_on() -> None:
    world = Simulation(flag(exposure={"steps": [{"percent": 5, "bake": "6s"}]}))
    world.users.rate = 1000.0
    update(world)
    salt = world.flags.head.reached[KEY].salt
    world.declared = flag()
    world.flags.head = world.flags.head.model_copy(
        update={"declared": world.flags.head.declared.model_copy(update={"flags": {KEY: world.declared}})}
    )
    update(world)
    assert world.flags.written == [5.0, 25.0, 100.0]
    assert world.flags.head.reached[KEY].salt == salt


def test_an_exposure_that_begins_anew_draws_its_users_anew() -> None:
    world = Simulation()
    world.clock.at(9.0, world.cancelled.set)
    with pytest.raises(RolloutAborted):
        update(world)
    world.cancelled.clear()
    update(world)
    assert world.flags.head.reached[KEY].salt == "x2"


def test_after_a_kill_an_up_exposes_nothing_and_says_so() -> None:
    world = Simulation()
    world.users.bad["on"] = 0.3
    with pytest.raises(RolloutAborted):
        update(world)
    written = list(world.flags.written)
    outputs = update(world)
    assert world.flags.written == written
    assert outputs["percent"] == 0.0
    assert any("killed by guard" in line and "stays off" in line for line in world.lines.lines)
    assert exposing.pending(inputs(), world.world) is None


def test_a_resume_makes_the_exposure_due_again() -> None:
    world = Simulation()
    killed_by_hand(world)
    resume = Change(id="r1", flag=KEY, action="resume", by="kim", at=90.0, reason="fixed")
    world.flags.head = after_change(world.flags.head, resume)
    assert exposing.pending(inputs(), world.world) == "0% get on, not 100%"
    assert update(world)["percent"] == 100.0


def test_a_set_that_declares_the_flag_otherwise_is_refused() -> None:
    world = Simulation()
    other = flag(description="another")
    with pytest.raises(ReleaseRefused, match="does not declare new-cart as this exposure does"):
        exposing.Update(inputs(other), world.world, world.lines, world.cancelled).run()
    assert world.flags.written == []


def test_what_another_process_left_is_turned_back_first() -> None:
    world = Simulation()
    left_at_25(world)
    assert exposing.pending(inputs(), world.world) == "an exposure was interrupted and is not settled"
    update(world)
    assert world.flags.written == [25.0, 0.0, 5.0, 25.0, 100.0]
    assert world.flags.head.reached[KEY].salt == "x1"


def test_the_watchdog_turns_back_what_a_dead_provider_left() -> None:
    world = Simulation()
    left_at_25(world)
    world.lease().acquire("dead", 15.0)
    rescue(world.world, "dead")
    assert world.flags.percent == 0.0
    last = world.head.last
    assert last is not None
    assert (last.outcome, last.by) == (Outcome.INTERRUPTED, "watchdog")


def test_the_watchdog_leaves_what_has_ended_or_is_another_s() -> None:
    world = Simulation()
    left_at_25(world)
    rescue(world.world, "another")
    assert world.flags.percent == 25.0


def test_a_kill_that_stands_survives_the_watchdog() -> None:
    world = Simulation()
    left_at_25(world)
    killed_by_hand(world)
    rescue(world.world, "dead")
    assert world.flags.head.killed(KEY) is not None
    assert world.head.last is not None
    assert not world.head.last.running


class Died(BaseException):
    """The process was killed."""


WRITES = [("flags", "change"), ("journal", "save"), ("journal", "append")]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("part", "write"), WRITES, ids=[write for _, write in WRITES])
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("bad", [0.0, 0.3], ids=["healthy", "failing"])
def test_a_provider_that_dies_at_any_write_leaves_no_split_and_loses_no_kill(
    when: str, part: str, write: str, number: int, bad: float
) -> None:
    world = Simulation()
    world.users.bad["on"] = bad
    faults = getattr(world, part).faults
    plan = faults.next if when == "before" else faults.after

    def nothing() -> None:
        """This write succeeds."""

    plan(write, nothing, times=number)
    plan(write, lambda: (_ for _ in ()).throw(Died()))
    try:
        update(world)
    except (Died, RolloutAborted):
        killed = world.flags.head.killed(KEY)
        last = world.head.last if world.journal.load() is not None else None
        if last is not None:
            rescue(world.world, last.id)
            rescue(world.world, last.id)
        assert world.flags.percent == 0.0
        assert world.flags.head.killed(KEY) == killed
        assert last is None or not world.head.unfinished
        assert all(guard.acted or guard.disarmed for guard in guards)
    else:
        assert world.flags.percent == 100.0


def left_at_25(world: Simulation) -> None:
    """A provider died at 25%."""
    steps = [{"weight": weight, "began": 1000.0} for weight in (5.0, 25.0)]
    last = Exposing.model_validate(
        {
            "id": "dead",
            "flag": KEY,
            "variant": "on",
            "off": "off",
            "salt": "s",
            "base": 0.0,
            "outcome": "running",
            "began": 1000.0,
            "steps": steps,
        }
    )
    world.journal.save({"flag": KEY, "last": last.model_dump(mode="json", by_alias=True)}, None)
    world.flags.expose(25.0, "s")
    world.flags.written.append(25.0)


def test_the_plan_names_the_steps_and_what_each_can_notice() -> None:
    definition = flag(exposure={"analysis": {"expected": {"rate": 100, "badShare": "0.1%"}}})
    first, *rest = exposing.plan(inputs(definition), Simulation(definition).world)
    assert first == "0% -> 100%, on instead of off: 5% for 6s, 25% for 6s, 100% for 6s"
    assert any(line.startswith("25% for ") and "10x in " in line and "failed)" in line for line in rest)
    assert any("no error rate claimed for errors: users stay on one side" in line for line in rest)


def test_the_plan_of_a_killed_flag_says_since_when_and_by_whom() -> None:
    world = Simulation()
    killed_by_hand(world)
    (line,) = exposing.plan(inputs(), world.world)
    assert line.startswith("new-cart is off since 00:01 UTC, killed by kim (it looks wrong), and stays off")


def test_an_application_that_does_not_tell_the_variants_apart_is_refused_with_what_to_set() -> None:
    server = Server()
    server.on("query", result())
    assert "feature_flag.result.variant" in str(exposing.refused(inputs(), metered(server)))
    server.on("cart_total", result({"metric": {}, "value": [1.0, "5"]}))
    assert exposing.refused(inputs(), metered(server)) is None


def test_a_metrics_system_that_does_not_answer_refuses_no_plan() -> None:
    server = Server()
    server.on("query", ClusterError("away"))
    assert exposing.refused(inputs(), metered(server)) is None


def metered(server: Server) -> ExposureAdapters:
    world = Simulation()
    meter = VariantMeter(Prometheus("http://prometheus.example", None, server.transport))
    return replace(world.world, meter=meter)


def test_every_problem_of_the_inputs_is_told() -> None:
    bad = {**CART, "guardrails": [], "exposure": {"steps": [{"percent": 5}]}}
    with pytest.raises(InputError, match="has no exposure with guardrails"):
        exposing.parse({**inputs().to_wire(), "definition": bad})
    with pytest.raises(InputError, match=r"definition\.guardrails"):
        gateway = {**CART, "guardrails": [{"name": "e", "kind": "error-ratio"}]}
        exposing.parse({**inputs().to_wire(), "definition": gateway})


def test_the_end_turns_back_what_is_in_flight_and_removes_the_journal() -> None:
    world = Simulation()
    left_at_25(world)
    exposing.end(world.world, world.lines, world.cancelled)
    assert world.flags.percent == 0.0
    assert world.journal.load() is None


@pytest.mark.parametrize("key", ["new-cart", "newCart", "new_cart", "n" * 63])
def test_the_objects_of_an_exposure_have_names_that_kubernetes_takes(key: str) -> None:
    name = exposure_name("shop", key)
    assert len(name) <= 42
    assert name.replace("-", "").isalnum()
    assert name == name.lower()


def test_flags_whose_names_differ_in_case_have_objects_of_their_own() -> None:
    assert len({exposure_name("shop", key) for key in ("newcart", "newCart", "new-cart", "new_cart")}) == 4
