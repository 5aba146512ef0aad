from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.release.gating.catalog import RELEASE_GATES
from slipway.release.manifest.scope import Change
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import NOW, Vouched

STEPS = [{"weight": 50, "bake": "1s"}, {"weight": 100, "bake": "1s"}]


def test_environment_dependencies_that_were_not_answered_are_refused(it: Vouched) -> None:
    del it.manifest["environment"]
    it.people()
    refused(it.gate_input(), "environment", "unanswered")


def test_a_dependency_that_is_not_ready_is_refused(it: Vouched) -> None:
    it.manifest["environment"]["dependencies"][0]["ready"] = False
    it.people()
    (finding,) = refused(it.gate_input(), "environment", "not-ready")
    assert "ledger" in finding.found


@pytest.mark.parametrize(
    ("rollback", "codes"),
    [
        ({"maxMinutes": 16, "constraints": []}, {"too-slow"}),
        ({"maxMinutes": 5, "constraints": ["cache must be emptied first"]}, {"uncompensated"}),
        ({"maxMinutes": 5, "constraints": ["?"], "compensations": ["run the script"]}, {"unclear"}),
        ({"maxMinutes": 5, "constraints": ["cache stays warm"], "compensations": ["empty the cache"]}, set()),
    ],
    ids=str,
)
def test_unclear_rollback_constraints_are_refused(it: Vouched, rollback: dict[str, object], codes: set[str]) -> None:
    it.manifest["rollback"] = rollback
    it.people()
    if codes:
        refused(it.gate_input(), "rollback", *codes)
    else:
        passes(it.gate_input())


def test_a_hotfix_without_a_record_is_refused(it: Vouched) -> None:
    release = it.release()
    hot = Change(id="A", kind="hotfix", risk="low")
    untracked = release.model_copy(update={"scope": release.scope.model_copy(update={"changes": (hot,)})})
    (finding,) = RELEASE_GATES["hotfix"].evaluate(it.gate_input(release=untracked))
    assert (finding.code, finding.severity) == ("untracked", "critical")


@pytest.mark.parametrize(("days", "codes"), [(5, set()), (15, {"follow-up"}), (-1, {"follow-up"})])
def test_the_follow_up_of_a_hotfix_is_due_soon(it: Vouched, days: int, codes: set[str]) -> None:
    due = (NOW + timedelta(days=days)).isoformat()
    it.manifest["hotfix"] = {"ticket": "INC-7", "reason": "payments fail", "followUpDue": due}
    it.people()
    if codes:
        refused(it.gate_input(), "hotfix", *codes)
        passes(it.gate_input(settled=True))
    else:
        passes(it.gate_input())


def test_a_riskier_strategy_needs_a_reason(it: Vouched) -> None:
    it.manifest["strategy"] = {"kind": "canary", "steps": STEPS}
    it.people()
    (finding,) = refused(it.gate_input(), "strategy", "riskier")
    assert "50% first" in finding.found
    it.manifest["strategy"]["reason"] = "a drill of the fast path, agreed with the owner"
    it.people()
    passes(it.gate_input())


def test_nothing_but_fixes_comes_with_a_hotfix(it: Vouched) -> None:
    due = (NOW + timedelta(days=3)).isoformat()
    it.manifest["hotfix"] = {"ticket": "OPS-1", "reason": "checkout is down", "followUpDue": due}
    it.manifest["scope"]["changes"] = [{"id": "A", "kind": "hotfix"}, {"id": "B", "kind": "feature"}]
    it.people()
    (finding,) = refused(it.gate_input(), "hotfix", "not-a-hotfix")
    assert finding.field == "scope.changes[1]"
    assert "B is feature" in finding.found
