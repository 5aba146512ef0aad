"""What the controller goes by, for each kind of rollout and each strategy."""

from __future__ import annotations

import pytest

from slipway.release.manifest.plan import Kind
from slipway.rollout.executor.settings import settings_of
from tests.unit.slipway.rollout.examples import wanted

BLUE_GREEN = {
    "kind": "blue-green",
    "bake": "10s",
    "preview": {"header": {"name": "X-Preview", "value": "yes"}},
    "smoke": [{"path": "/health"}],
}
SLO = [{"name": "slo", "kind": "slo", "objective": "1%"}]


def test_a_rollback_is_one_switch_that_needs_no_verdict_and_no_dwell() -> None:
    settings = settings_of(wanted(), "rollback")
    assert (settings.judged, settings.dwell, len(settings.steps)) == (False, 0.0, 1)


def test_a_forward_rollout_is_judged_at_each_of_its_steps() -> None:
    inputs = wanted()
    settings = settings_of(inputs, "forward")
    assert (settings.judged, settings.dwell) == (True, inputs.analysis.dwell)
    assert settings.steps == inputs.plan("forward")


@pytest.mark.parametrize(("kind", "smoke"), [("forward", True), ("first", False), ("rollback", False)])
def test_smoke_checks_run_before_a_switch_forward_only(kind: Kind, smoke: bool) -> None:
    assert settings_of(wanted(strategy=BLUE_GREEN), kind).smoke is smoke
    assert not settings_of(wanted(), kind).smoke


def test_a_first_release_is_judged_only_by_an_objective() -> None:
    assert not settings_of(wanted(), "first").judged
    assert settings_of(wanted(guardrails=SLO), "first").judged


@pytest.mark.parametrize("kind", ["first", "forward", "rollback"])
def test_only_a_first_release_through_a_known_gateway_has_to_be_reached(kind: Kind) -> None:
    assert settings_of(wanted(gatewayUrl="http://gateway.example"), kind).reach is (kind == "first")
    assert not settings_of(wanted(), kind).reach
