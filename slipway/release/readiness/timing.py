"""Gates `freeze` and `error-budget`: whether now is a time to release. A rollback is never held up by them."""

from __future__ import annotations

from datetime import timedelta

from slipway.release.findings import Finding, finding
from slipway.release.readiness.gate_input import CLOCK_SKEW, GateInput
from slipway.release.units import show_share

FREEZE = "freeze"
BUDGET = "error-budget"
BUDGET_AGE = timedelta(hours=1)
"""A status that is older says nothing about now."""

_FIXES = frozenset({"fix", "hotfix"})


def evaluate_freeze(gate_input: GateInput) -> list[Finding]:
    """No release inside a freeze, but for tracked hotfixes where the freeze allows them."""
    if gate_input.settled:
        return []
    return [
        finding(
            FREEZE,
            "frozen",
            "freezes",
            f"{freeze.name}, from {freeze.start.isoformat()} to {freeze.end.isoformat()}",
            "a time outside of every freeze, or a tracked hotfix",
            "Wait for its end, or declare a hotfix with its ticket and follow-up",
            turn="owner",
        )
        for freeze in gate_input.settings.freeze.windows
        if freeze.start <= gate_input.now < freeze.end
        and not (freeze.allow_hotfix and gate_input.release.hotfix is not None)
    ]


def evaluate_budget(gate_input: GateInput) -> list[Finding]:
    """With the error budget spent only fixes are released (error budget policy of the SRE workbook)."""
    if gate_input.settled or _is_a_fix(gate_input):
        return []
    settings, budget = gate_input.settings.error_budget, gate_input.budget
    if budget is None:
        if not settings.required:
            return []
        return [_unknown("no status of the error budget")]
    if budget.remaining is None or budget.at is None:
        return [_unknown(budget.problem or "no status of the error budget")] if settings.required else []
    if not -CLOCK_SKEW <= gate_input.now - budget.at <= BUDGET_AGE:
        return [_unknown(f"a status of {budget.at.isoformat()}")]
    if budget.remaining > settings.min_remaining:
        return []
    return [
        finding(
            BUDGET,
            "spent",
            "budget",
            f"{show_share(budget.remaining)} of the error budget is left ({budget.source or 'no source named'})",
            f"more than {show_share(settings.min_remaining)}, or a release of fixes only",
            "Release what makes the service more reliable first",
            turn="owner",
        )
    ]


def _is_a_fix(gate_input: GateInput) -> bool:
    changes = gate_input.release.scope.changes
    return gate_input.release.hotfix is not None or (bool(changes) and all(change.kind in _FIXES for change in changes))


def _unknown(found: str) -> Finding:
    return finding(
        BUDGET,
        "unknown",
        "budget",
        found,
        "its status within the last hour",
        "Make the SLO's source reachable from where the gates run",
        turn="platform",
    )
