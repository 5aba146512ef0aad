"""The FlagExposure resource: what its check refuses, what its diff sees, its plan, and its update."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pulumi.runtime.proto import engine_pb2, provider_pb2, status_pb2

from slipway.plugin.exposure_resource import ExposureResource
from slipway.plugin.holdback import HoldBack
from slipway.plugin.partial import PartlyDone
from slipway.plugin.structs import to_plain, to_struct
from slipway.release.flags.exposure_inputs import ExposureInputs
from slipway.rollout import exposing
from slipway.rollout.exposure.adapters import ExposureAdapters
from tests.unit.slipway.rollout.exposure.simulation import CART, KEY, Simulation
from tests.unit.slipway.rollout.simulation import Cancelled
from tests.unit.slipway.rollout.test_exposing import NoGuard

URN = f"urn:pulumi:prod::shop::slipway:index:FlagExposure::{KEY}"
INPUTS: dict[str, Any] = {
    "namespace": "shop",
    "set": "shop",
    "flag": KEY,
    "definition": CART,
    "metrics": {"kind": "prometheus", "url": "http://prometheus.example:9090"},
}
SOME, NONE = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE


class Stage:
    """A simulated flag, the resource, and the lines that it tells the engine."""

    def __init__(self) -> None:
        self.world = Simulation()
        self.lines: list[tuple[int, str]] = []
        self.resource = ExposureResource(self, self, HoldBack(quiet=0.0), self.connect)  # type: ignore[arg-type]

    @contextmanager
    def one(self) -> Iterator[Cancelled]:
        """The flight whose waiting moves the simulated clock."""
        yield self.world.cancelled

    def Log(self, request: engine_pb2.LogRequest, timeout: float) -> None:  # noqa: N802
        if not request.ephemeral:
            self.lines.append((request.severity, request.message))

    def connect(self, inputs: ExposureInputs, stack: str) -> ExposureAdapters:
        assert (inputs.flag, stack) == (KEY, "shop/prod")
        return self.world.world

    def check(self, **changes: Any) -> provider_pb2.CheckResponse:
        return self.resource.check(provider_pb2.CheckRequest(urn=URN, news=to_struct({**INPUTS, **changes})))

    def checked(self) -> Any:
        return self.check().inputs

    def create(self, *, preview: bool = False) -> dict[str, Any]:
        request = provider_pb2.CreateRequest(urn=URN, properties=self.checked(), preview=preview)
        answer = self.resource.create(request)
        assert preview or answer.id == "shop/shop/new-cart"
        return to_plain(answer.properties)

    def diff(self) -> provider_pb2.DiffResponse:
        checked = self.checked()
        return self.resource.diff(provider_pb2.DiffRequest(urn=URN, old_inputs=checked, news=checked))


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    def arm(*_: object) -> NoGuard:
        return NoGuard()

    monkeypatch.setattr(NoGuard, "arm", arm)
    monkeypatch.setattr(exposing, "guards", lambda: NoGuard)
    return Stage()


def test_check_tells_every_problem(stage: Stage) -> None:
    guardrail = {**CART["guardrails"][0], "good": "good", "total": "total"}
    failures = stage.check(definition={**CART, "guardrails": [guardrail]}, extra=1).failures
    assert any("extra" in failure.reason for failure in failures)
    failures = stage.check(definition={**CART, "guardrails": [guardrail]}).failures
    assert len([failure for failure in failures if "has no {variant}" in failure.reason]) == 2


def test_the_preview_is_the_plan_and_changes_nothing(stage: Stage) -> None:
    stage.create(preview=True)
    assert any("0% -> 100%" in line for _, line in stage.lines)
    assert stage.world.flags.written == []


def test_create_exposes_step_by_step(stage: Stage) -> None:
    outputs = stage.create()
    assert outputs["percent"] == 100.0
    assert stage.world.flags.written == [5.0, 25.0, 100.0]
    assert stage.diff().changes == NONE


def test_a_flag_that_the_guard_killed_fails_the_update_and_is_no_change_afterwards(stage: Stage) -> None:
    stage.world.users.bad["on"] = 0.3
    with pytest.raises(PartlyDone, match="is off for all users"):
        stage.create()
    found = stage.diff()
    assert found.changes == NONE
    severity, line = stage.lines[-1]
    assert severity == engine_pb2.WARNING
    assert "killed by guard" in line
    assert stage.create()["percent"] == 0.0


def test_a_replacement_that_fails_keeps_the_end_of_the_records_in_the_state(stage: Stage) -> None:
    stage.world.users.bad["on"] = 0.3
    known, checked = {"seq": 4, "hash": "a" * 64}, stage.checked()
    olds = to_struct({**to_plain(checked), "record": known})
    stage.resource.diff(provider_pb2.DiffRequest(urn=URN, old_inputs=checked, news=checked, olds=olds))
    with pytest.raises(PartlyDone) as failed:
        stage.create()
    answer = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(failed.value.details()).details[0].Unpack(answer)
    assert to_plain(answer.properties)["record"] == known


def test_an_exposure_that_is_not_where_it_is_to_be_is_a_change(stage: Stage) -> None:
    found = stage.diff()
    assert (found.changes, list(found.diffs)) == (SOME, ["percent"])
    assert stage.lines[-1][1] == "new-cart: 0% get on, not 100%"


def test_read_says_how_many_get_the_variant(stage: Stage) -> None:
    created = stage.create()
    known = to_struct({"record": created["record"]})
    request = provider_pb2.ReadRequest(id="x", urn=URN, inputs=stage.checked(), properties=known)
    found = to_plain(stage.resource.read(request).properties)
    assert (found["percent"], found["record"]) == (100.0, created["record"])


def test_delete_ends_the_journal_of_the_exposure(stage: Stage) -> None:
    stage.create()
    stage.resource.delete(provider_pb2.DeleteRequest(urn=URN, old_inputs=stage.checked()))
    assert stage.world.journal.load() is None
    assert stage.world.flags.percent == 100.0
