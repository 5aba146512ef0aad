"""The watch is there where it is required, can judge, and can do what it declares."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.readiness.gate_input import GateInput
from slipway.release.readiness.settings import Settings, WatchSettings
from tests.flags import declared
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import Vouched

SLO: dict[str, Any] = {"name": "slo", "kind": "slo", "objective": "0.5%"}


def watched(it: Vouched, **changes: Any) -> None:
    """The release has a watch, and everybody has said yes to it."""
    it.manifest["watch"] = {"for": "1h", "guardrails": [SLO], **changes}
    it.people()


def gate_input(
    it: Vouched, settings: WatchSettings | None = None, standby: bool | None = True, **changes: object
) -> GateInput:
    return it.gate_input(
        settings=it.settings.model_copy(update={"watch": settings or WatchSettings()}), standby=standby, **changes
    )


def test_a_watch_is_asked_for_only_where_it_is_required(it: Vouched) -> None:
    passes(gate_input(it))
    refused(gate_input(it, WatchSettings(required=True)), "watch", "missing")
    watched(it)
    passes(gate_input(it, WatchSettings(required=True)))


def test_a_watch_that_is_too_short_is_refused(it: Vouched) -> None:
    watched(it)
    passes(gate_input(it, WatchSettings(min_for=3600.0)))
    (found,) = refused(gate_input(it, WatchSettings(min_for=7200.0)), "watch", "too-short")
    assert (found.found, found.wanted) == ("1h", "at least 2h")


def test_what_only_compares_needs_a_standby(it: Vouched) -> None:
    watched(it, holdback="2%", guardrails=["errors", SLO])
    passes(gate_input(it))
    passes(gate_input(it, standby=None))
    passes(gate_input(it, standby=False, first=True, previous=None))
    (found,) = refused(gate_input(it, standby=False), "watch", "unjudged")
    assert found.found.startswith("errors, and")


@pytest.mark.parametrize(
    ("watch", "standby", "why"),
    [
        ({}, False, "no version is kept warm"),
        ({}, None, "unknown"),
        ({"onBreach": {"action": "escalate"}}, True, "is escalate"),
        ({"onBreach": {"action": "escalate"}}, None, "is escalate"),
    ],
)
def test_a_watch_that_would_only_escalate_is_refused_by_policy(
    it: Vouched, watch: dict[str, Any], standby: bool | None, why: str
) -> None:
    watched(it, **watch)
    passes(gate_input(it, standby=standby))
    (found,) = refused(gate_input(it, WatchSettings(must_roll_back=True), standby=standby), "watch", "only-escalates")
    assert why in found.found
    passes(gate_input(it, WatchSettings(must_roll_back=True), standby=standby, settled=True))


def test_a_first_release_has_nothing_to_go_back_to(it: Vouched) -> None:
    watched(it)
    passes(gate_input(it, WatchSettings(must_roll_back=True), standby=False, first=True, previous=None))


def test_a_flag_that_is_to_be_killed_must_be_one_of_the_stack(it: Vouched) -> None:
    watched(it, onBreach={"kill": ["pay", "nope"]})
    (found,) = refused(gate_input(it, flags=declared()), "watch", "undeclared")
    assert (found.field, found.found) == ("watch.onBreach.kill[1]", "nope is no flag of the stack prod")
    (found, _) = refused(gate_input(it, flags_problem="flags.yaml: no owner"), "watch", "undeclared")
    assert found.found == "flags.yaml: no owner"


def test_guardrails_of_the_watch_keep_the_bounds_of_all_guardrails(it: Vouched) -> None:
    watched(it, guardrails=["errors", {**SLO, "objective": "40%"}], holdback="2%")
    (found,) = refused(gate_input(it), "guardrails", "lax")
    assert found.field == "watch.guardrails[1].objective"


def test_the_settings_are_those_of_the_gate() -> None:
    assert Settings().watch == WatchSettings(required=False, min_for=0.0, must_roll_back=False)
