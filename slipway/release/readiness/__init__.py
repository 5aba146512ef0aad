"""Is this release ready for this stack? Pure gates over one `Case`; every problem at once, with whose turn it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from slipway.release.findings import Finding, order
from slipway.release.readiness import (
    analysis,
    bounds,
    integrity,
    migrations,
    parity,
    people,
    receipts,
    reports,
    scope,
    testing,
    timing,
    vulnerabilities,
)
from slipway.release.readiness.case import BudgetStatus, Case, ObservedArtifact
from slipway.release.readiness.settings import Settings

__all__ = ["GATES", "UNCONDITIONAL", "BudgetStatus", "Case", "Gate", "ObservedArtifact", "Settings", "evaluate"]

Gate = Callable[[Case], list[Finding]]

GATES: Mapping[str, Gate] = MappingProxyType(
    {
        integrity.GATE: integrity.evaluate,
        reports.GATE: reports.evaluate,
        integrity.PROVENANCE: integrity.evaluate_provenance,
        testing.TESTS: testing.evaluate_tests,
        testing.COVERAGE: testing.evaluate_coverage,
        analysis.GATE: analysis.evaluate,
        vulnerabilities.GATE: vulnerabilities.evaluate,
        people.QA: people.evaluate_qa,
        people.APPROVALS: people.evaluate_approvals,
        receipts.STAGING: receipts.evaluate_staging,
        receipts.DRILL: receipts.evaluate_drill,
        parity.GATE: parity.evaluate,
        migrations.GATE: migrations.evaluate,
        scope.ROLLBACK: scope.evaluate_rollback,
        scope.ENVIRONMENT: scope.evaluate_environment,
        scope.KILL_SWITCH: scope.evaluate_kill_switch,
        scope.HOTFIX: scope.evaluate_hotfix,
        scope.STRATEGY: scope.evaluate_strategy,
        bounds.GUARDRAILS: bounds.evaluate_guardrails,
        bounds.POD_SECURITY: bounds.evaluate_pod_security,
        timing.FREEZE: timing.evaluate_freeze,
        timing.BUDGET: timing.evaluate_budget,
    }
)
"""Every gate by its id. Each returns findings whose `gate` is its own id, and nothing when all is well."""

UNCONDITIONAL = frozenset({integrity.GATE, reports.GATE})
"""Gates that can neither be switched off nor exempted: the others judge only what passed them."""


def evaluate(case: Case) -> list[Finding]:
    """All findings of all gates, worst first. Empty means ready."""
    return order([finding for gate in GATES.values() for finding in gate(case)])
