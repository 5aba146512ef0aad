"""Gates `freeze` and `error-budget`: whether now is a time to release. A rollback is never held up by them."""

from __future__ import annotations

from datetime import timedelta

from slipway.release.findings import Finding, Turn
from slipway.release.readiness.case import CLOCK_SKEW, Case
from slipway.release.units import show_share

FREEZE = "freeze"
BUDGET = "error-budget"
BUDGET_AGE = timedelta(hours=1)
"""A status that is older says nothing about now."""

_FIXES = frozenset({"fix", "hotfix"})


def evaluate_freeze(case: Case) -> list[Finding]:
    """No release inside a freeze, but for tracked hotfixes where the freeze allows them."""
    if case.settled:
        return []
    return [
        _finding(
            FREEZE,
            "frozen",
            f"{freeze.name}, from {freeze.start.isoformat()} to {freeze.end.isoformat()}",
            "a time outside of every freeze, or a tracked hotfix",
            "Wait for its end, or declare a hotfix with its ticket and follow-up",
            "owner",
        )
        for freeze in case.settings.freezes
        if freeze.start <= case.now < freeze.end and not (freeze.allow_hotfix and case.release.hotfix is not None)
    ]


def evaluate_budget(case: Case) -> list[Finding]:
    """With the error budget spent only fixes are released (error budget policy of the SRE workbook)."""
    if case.settled or _is_a_fix(case):
        return []
    settings, budget = case.settings.budget, case.budget
    if budget is None:
        if not settings.required:
            return []
        return [_unknown("no status of the error budget")]
    if not -CLOCK_SKEW <= case.now - budget.at <= BUDGET_AGE:
        return [_unknown(f"a status of {budget.at.isoformat()}")]
    if budget.remaining > settings.min_remaining:
        return []
    return [
        _finding(
            BUDGET,
            "spent",
            f"{show_share(budget.remaining)} of the error budget is left ({budget.source or 'no source named'})",
            f"more than {show_share(settings.min_remaining)}, or a release of fixes only",
            "Release what makes the service more reliable first",
            "owner",
        )
    ]


def _is_a_fix(case: Case) -> bool:
    changes = case.release.scope.changes
    return case.release.hotfix is not None or (bool(changes) and all(change.kind in _FIXES for change in changes))


def _unknown(found: str) -> Finding:
    return _finding(
        BUDGET,
        "unknown",
        found,
        "its status within the last hour",
        "Make the SLO's source reachable from where the gates run",
        "platform",
    )


def _finding(gate: str, code: str, found: str, wanted: str, remedy: str, turn: Turn) -> Finding:
    field = "freezes" if gate == FREEZE else "budget"
    return Finding(gate=gate, code=code, field=field, found=found, wanted=wanted, remedy=remedy, turn=turn)
