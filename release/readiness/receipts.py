"""Gates `staging` and `drill`: what was done before, by the word of those who did it."""

from __future__ import annotations

from release.evidence.facts import DrillFacts, StagingFacts
from release.findings import Finding, Severity
from release.readiness.case import Case, aged, rejected

STAGING = "staging"
DRILL = "drill"


def evaluate_staging(case: Case) -> list[Finding]:
    """The same artifact completed a rollout in the stack before this one. Production is no test environment."""
    if case.before_production or not case.settings.staging.required:
        return []
    findings = [rejected(STAGING, entry, "owner") for entry in case.dossier.rejections("staging")]
    wanted = case.settings.staging.stack
    receipts = [(item, facts) for item, facts in case.dossier.of(StagingFacts) if facts.stack == wanted]
    completed = [item for item, facts in receipts if facts.outcome == "completed"]
    fresh = [item for item in completed if not aged(STAGING, item, case, case.settings.staging.max_age, "owner")]
    if fresh or findings:
        return findings
    if completed:
        return [f for item in completed for f in aged(STAGING, item, case, case.settings.staging.max_age, "owner")]
    failed = [facts.outcome for _, facts in receipts]
    return [
        _finding(
            STAGING,
            "failed" if failed else "missing",
            "evidence.statements",
            f"a rollout in {wanted} that was {failed[0]}" if failed else f"no receipt of a rollout in {wanted}",
            f"a completed rollout of {case.dossier.subject} in {wanted}",
            f"Release it to {wanted}, then list the receipt of `slipway attest staging`",
            "critical",
        )
    ]


def evaluate_drill(case: Case) -> list[Finding]:
    """Every required procedure of the service was drilled recently, and worked."""
    if case.settled:
        return []
    findings = [rejected(DRILL, entry, "owner") for entry in case.dossier.rejections("drill")]
    for procedure in case.settings.drill.procedures:
        findings += _procedure(case, procedure, bool(findings))
    return findings


def _procedure(case: Case, procedure: str, rejected_some: bool) -> list[Finding]:
    most = case.settings.drill.max_age
    drills = [(item, facts) for item, facts in case.dossier.of(DrillFacts) if facts.procedure == procedure]
    worked = [item for item, facts in drills if facts.outcome == "completed"]
    if any(not aged(DRILL, item, case, most, "owner") for item in worked):
        return []
    if worked:
        return [finding for item in worked for finding in aged(DRILL, item, case, most, "owner")]
    if rejected_some and not drills:
        return []  # what is wrong with it was said already
    return [
        _finding(
            DRILL,
            "failed" if drills else "missing",
            "evidence.statements",
            f"a {procedure} drill that failed" if drills else f"no receipt of a {procedure} drill",
            f"a {procedure} drill of {case.release.service} that worked, at most {most / 86400:.4g} days ago",
            "Drill it in staging, then list the receipt of `slipway attest drill`",
        )
    ]


def _finding(
    gate: str, code: str, field: str, found: str, wanted: str, remedy: str, severity: Severity = "high"
) -> Finding:
    return Finding(
        gate=gate, code=code, severity=severity, field=field, found=found, wanted=wanted, remedy=remedy, turn="owner"
    )
