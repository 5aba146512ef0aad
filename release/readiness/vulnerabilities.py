"""Gate `vulnerabilities`: no exploitable vulnerability at or above a severity."""

from __future__ import annotations

from release.evidence.facts import ScanFacts, VexFacts, VexStatus, Vulnerability
from release.evidence.model import Item
from release.evidence.severity import RANK
from release.findings import Finding, Severity
from release.readiness.case import Case

GATE = "vulnerabilities"
MOST_LISTED = 20

_BADNESS: tuple[VexStatus, ...] = ("not_affected", "fixed", "under_investigation", "affected")
_EXCUSED = frozenset({"not_affected", "fixed"})


def evaluate(case: Case) -> list[Finding]:
    """Each vulnerability that VEX does not excuse, and scans that failed or left results open."""
    status = _vex(case)
    return [finding for item, facts in case.dossier.of(ScanFacts) for finding in _scan(case, item, facts, status)]


def _vex(case: Case) -> dict[str, VexStatus]:
    """The status of each vulnerability; where documents disagree the worst counts."""
    worst: dict[str, VexStatus] = {}
    for _, facts in case.dossier.of(VexFacts):
        for entry in facts.entries:
            before = worst.get(entry.vulnerability, entry.status)
            worst[entry.vulnerability] = max(before, entry.status, key=_BADNESS.index)
    return worst


def _scan(case: Case, item: Item, facts: ScanFacts, status: dict[str, VexStatus]) -> list[Finding]:
    refuse = case.settings.vulnerabilities.refuse
    counting = [v for v in facts.vulnerabilities if RANK[v.severity] >= RANK[refuse] and not _excused(v, status)]
    findings = [_vulnerability(item, one, status, refuse) for one in counting[:MOST_LISTED]]
    unlisted = sum(count for severity, count in facts.omitted.items() if RANK[severity] >= RANK[refuse])
    if len(counting) > MOST_LISTED or unlisted:
        more = len(counting) - len(findings) + unlisted
        findings.append(
            _finding(item, "many", f"{more} more vulnerabilities", "none", "Update what the image is made of")
        )
    if not facts.successful:
        tools = ", ".join(facts.tools)
        findings.append(_finding(item, "failed-run", f"{tools}: executionSuccessful is false", "a run that ended well"))
    if facts.undecided:
        findings.append(_finding(item, "undecided", f"{facts.undecided} results left open", "none"))
    return findings


def _excused(one: Vulnerability, status: dict[str, VexStatus]) -> bool:
    return status.get(one.id) in _EXCUSED


def _vulnerability(item: Item, one: Vulnerability, status: dict[str, VexStatus], refuse: Severity) -> Finding:
    score = "" if one.score is None else f", CVSS {one.score:g}"
    said = status.get(one.id)
    return _finding(
        item,
        "exploitable",
        f"{one.id} ({one.severity}{score}){'' if said is None else f', VEX says {said}'} {one.where}".strip(),
        f"none of severity {refuse} or above",
        "Update the component, or state in a signed VEX document why it cannot be exploited",
        one.severity,
    )


def _finding(
    item: Item,
    code: str,
    found: str,
    wanted: str,
    remedy: str = "Repair the scan and run it again",
    severity: Severity = "high",
) -> Finding:
    return Finding(
        gate=GATE,
        code=code,
        severity=severity,
        field=item.field,
        found=found,
        wanted=wanted,
        remedy=remedy,
        turn="development",
    )
