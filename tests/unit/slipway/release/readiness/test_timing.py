from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.release.readiness.gate_input import BudgetStatus
from slipway.release.readiness.settings import BudgetSettings, Freeze, FreezeSettings, Settings
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import NOW, Vouched

FREEZE = Freeze(name="Black Friday", start=NOW - timedelta(days=1), end=NOW + timedelta(days=3))
HOTFIX = {"ticket": "INC-7", "reason": "payments fail", "followUpDue": (NOW + timedelta(days=5)).isoformat()}


def frozen(freeze: Freeze) -> Settings:
    return Settings(freeze=FreezeSettings(windows=(freeze,)))


def test_nothing_is_released_inside_a_freeze(it: Vouched) -> None:
    it.settings = frozen(FREEZE)
    (finding,) = refused(it.gate_input(), "freeze", "frozen")
    assert "Black Friday" in finding.found


def test_a_freeze_has_a_beginning_and_an_end(it: Vouched) -> None:
    it.settings = frozen(FREEZE)
    passes(it.gate_input(now=NOW, settings=frozen(FREEZE.model_copy(update={"end": NOW}))))
    passes(it.gate_input(settings=frozen(FREEZE.model_copy(update={"start": NOW + timedelta(seconds=1)}))))


def test_a_rollback_is_never_frozen(it: Vouched) -> None:
    it.settings = frozen(FREEZE)
    passes(it.gate_input(settled=True))


def test_a_tracked_hotfix_passes_a_freeze_that_allows_it(it: Vouched) -> None:
    it.manifest["hotfix"] = HOTFIX
    it.people()
    it.settings = frozen(FREEZE)
    passes(it.gate_input())
    it.settings = frozen(FREEZE.model_copy(update={"allow_hotfix": False}))
    refused(it.gate_input(), "freeze", "frozen")


def _feature(it: Vouched) -> None:
    it.manifest["scope"]["changes"] = [{"id": "A", "kind": "feature", "risk": "low"}]
    it.people()


def test_with_the_budget_spent_only_fixes_are_released(it: Vouched) -> None:
    spent = BudgetStatus(remaining=0, at=NOW, source="prometheus")
    passes(it.gate_input(budget=spent))  # the release is a fix
    _feature(it)
    refused(it.gate_input(budget=spent), "error-budget", "spent")
    passes(it.gate_input(budget=spent, settled=True))


@pytest.mark.parametrize(
    "budget",
    [None, BudgetStatus(remaining=1, at=NOW - timedelta(hours=2)), BudgetStatus(remaining=1, at=NOW + timedelta(1))],
)
def test_an_unknown_or_old_budget_is_refused_where_it_is_required(it: Vouched, budget: BudgetStatus | None) -> None:
    _feature(it)
    it.settings = Settings(error_budget=BudgetSettings(required=True))
    refused(it.gate_input(budget=budget), "error-budget", "unknown")


def test_the_reason_why_there_is_no_number_is_in_the_finding(it: Vouched) -> None:
    _feature(it)
    it.settings = Settings(error_budget=BudgetSettings(required=True))
    (found,) = refused(it.gate_input(budget=BudgetStatus(problem="NaN, no number")), "error-budget", "unknown")
    assert "NaN, no number" in found.found


def test_without_a_budget_a_release_passes_where_none_is_required(it: Vouched) -> None:
    _feature(it)
    passes(it.gate_input(budget=None))
