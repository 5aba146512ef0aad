"""Gates `staging` and `drill`: what was done before, by signed receipts."""

from __future__ import annotations

from slipway.release.evidence.facts import DrillFacts, StagingFacts
from slipway.release.evidence.model import Item
from slipway.release.findings import Finding, finding
from slipway.release.readiness.gate_input import GateInput, aged, rejected
from slipway.release.readiness.parity import undeclared
from slipway.release.revision import revision_of

STAGING = "staging"
DRILL = "drill"
MOST_LISTED = 5
"""Fields that differ, of those that a message shows."""


def evaluate_staging(gate_input: GateInput) -> list[Finding]:
    """The same revision, artifact and workload, completed a rollout in the stack before this one, or one whose
    differences are declared. Production is no test environment."""
    if gate_input.before_production or not gate_input.settings.staging.required:
        return []
    findings = [rejected(STAGING, entry, "owner") for entry in gate_input.evidence.rejections("staging")]
    wanted = gate_input.settings.staging.stack
    receipts = [(item, facts) for item, facts in gate_input.evidence.of(StagingFacts) if facts.stack == wanted]
    completed = [_receipt(gate_input, item, facts) for item, facts in receipts if facts.outcome == "completed"]
    if findings or any(not problems for problems in completed):
        return findings
    if completed:
        return [problem for problems in completed for problem in problems]
    failed = [facts.outcome for _, facts in receipts]
    return [
        finding(
            STAGING,
            "failed" if failed else "missing",
            "evidence.statements",
            f"a rollout in {wanted} that was {failed[0]}" if failed else f"no receipt of a rollout in {wanted}",
            f"a completed rollout of {gate_input.evidence.subject} in {wanted}",
            f"Release it to {wanted}, then list the receipt of `slipway attest staging`",
            turn="owner",
            severity="critical",
        )
    ]


def _receipt(gate_input: GateInput, item: Item, facts: StagingFacts) -> list[Finding]:
    """What keeps a receipt of a completed rollout from counting: its age, or that something else ran."""
    findings = aged(STAGING, item, gate_input, gate_input.settings.staging.max_age, "owner")
    problem = _other_revision(gate_input, facts.revision)
    if problem is not None:
        code, found, remedy = problem
        wanted = f"revision {revision_of(gate_input.release)}, or one whose differences are declared"
        findings.append(
            finding(
                STAGING, code, item.field, f"{item.path}: {found}", wanted, remedy, turn="owner", severity="critical"
            )
        )
    return findings


def _other_revision(gate_input: GateInput, revision: str | None) -> tuple[str, str, str] | None:
    """(code, found, remedy) when what ran there is not what is released; the digest alone says nothing of the
    workload."""
    stack = gate_input.settings.staging.stack
    if revision is None:
        return "unbound", "a receipt that names no revision", "Make it again with `slipway attest staging`"
    if revision == revision_of(gate_input.release):
        return None
    again = f"Release this manifest to {stack}, then list the receipt of `slipway attest staging`"
    if gate_input.staging is None or revision != revision_of(gate_input.staging):
        return "other-revision", f"revision {revision} ran in {stack}", again
    differing = list(undeclared(gate_input.staging, gate_input.release))
    if not differing:
        return None
    listed = ", ".join(differing[:MOST_LISTED]) + (", ..." if len(differing) > MOST_LISTED else "")
    declare = f"Declare {listed} under environment.differences with the reason, or make them the same"
    return "other-revision", f"revision {revision} ran in {stack}, which differs in {listed}", declare


def evaluate_drill(gate_input: GateInput) -> list[Finding]:
    """Every required procedure of the service was drilled recently, and worked."""
    if gate_input.settled:
        return []
    findings = [rejected(DRILL, entry, "owner") for entry in gate_input.evidence.rejections("drill")]
    for procedure in gate_input.settings.drill.procedures:
        findings += _procedure(gate_input, procedure, bool(findings))
    return findings


def _procedure(gate_input: GateInput, procedure: str, rejected_some: bool) -> list[Finding]:
    most = gate_input.settings.drill.max_age
    drills = [(item, facts) for item, facts in gate_input.evidence.of(DrillFacts) if facts.procedure == procedure]
    worked = [item for item, facts in drills if facts.outcome == "completed"]
    if any(not aged(DRILL, item, gate_input, most, "owner") for item in worked):
        return []
    if worked:
        return [finding for item in worked for finding in aged(DRILL, item, gate_input, most, "owner")]
    if rejected_some and not drills:
        return []  # what is wrong with it was said already
    return [
        finding(
            DRILL,
            "failed" if drills else "missing",
            "evidence.statements",
            f"a {procedure} drill that failed" if drills else f"no receipt of a {procedure} drill",
            f"a {procedure} drill of {gate_input.release.service} that worked, at most {most / 86400:.4g} days ago",
            f"Run `slipway drill {procedure}` in staging, then list the receipt that it writes",
            turn="owner",
        )
    ]
