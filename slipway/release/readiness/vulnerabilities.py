"""Gate `vulnerabilities`: no exploitable vulnerability at or above a severity."""

from __future__ import annotations

from slipway.release.evidence.components import covers
from slipway.release.evidence.facts import VEX_BADNESS, ScanFacts, VexEntry, VexFacts, VexStatus, Vulnerability
from slipway.release.evidence.model import Item
from slipway.release.evidence.severity import RANK, canonical
from slipway.release.findings import Finding, Severity, finding
from slipway.release.readiness.gate_input import GateInput

GATE = "vulnerabilities"
MOST_LISTED = 20

_EXCUSED = frozenset({"not_affected", "fixed"})


def evaluate(gate_input: GateInput) -> list[Finding]:
    """Each vulnerability that VEX does not excuse, and scans that failed or left results open."""
    vex = [facts for _, facts in gate_input.evidence.of(VexFacts)]
    return [
        finding
        for item, facts in gate_input.evidence.of(ScanFacts)
        for finding in _scan(gate_input, item, facts, _Vex(vex))
    ]


class _Vex:
    """What all VEX documents together say of one vulnerability in one component; where they disagree the worst."""

    def __init__(self, documents: list[VexFacts]) -> None:
        self._entries: list[dict[str, list[VexEntry]]] = []
        for document in documents:
            by_id: dict[str, list[VexEntry]] = {}
            for entry in document.entries:
                by_id.setdefault(canonical(entry.vulnerability), []).append(entry)
            self._entries.append(by_id)

    def status(self, one: Vulnerability) -> VexStatus | None:
        """The status that counts, None when nothing is said of it."""
        found = [self._in(entries.get(canonical(one.id), []), one) for entries in self._entries]
        return max((status for status in found if status is not None), key=VEX_BADNESS.index, default=None)

    def elsewhere(self, one: Vulnerability) -> str:
        """The components that documents speak of where they do not speak of this one."""
        entries = [entry for by_id in self._entries for entry in by_id.get(canonical(one.id), [])]
        return ", ".join([component for entry in entries for component in entry.components][:3])

    def _in(self, entries: list[VexEntry], one: Vulnerability) -> VexStatus | None:
        """An entry about the component goes before one about the whole artifact."""
        about = [e.status for e in entries if any(covers(component, one) for component in e.components)]
        whole = [e.status for e in entries if not e.components]
        return max(about or whole, key=VEX_BADNESS.index, default=None)


def _scan(gate_input: GateInput, item: Item, facts: ScanFacts, vex: _Vex) -> list[Finding]:
    refuse = gate_input.settings.vulnerabilities.refuse
    counting = [v for v in facts.vulnerabilities if RANK[v.severity] >= RANK[refuse] and vex.status(v) not in _EXCUSED]
    findings = [_vulnerability(item, one, vex, refuse) for one in counting[:MOST_LISTED]]
    unlisted = sum(count for severity, count in facts.omitted.items() if RANK[severity] >= RANK[refuse])
    if len(counting) > MOST_LISTED or unlisted:
        more = len(counting) - len(findings) + unlisted
        findings.append(
            finding(
                GATE, "many", item.field, f"{more} more vulnerabilities", "none", "Update what the image is made of"
            )
        )
    if not facts.successful:
        why = "; ".join(facts.failures[:3]) or "executionSuccessful is false"
        wanted = "a run that got to its end, without an error of the tool's own"
        findings.append(
            finding(
                GATE,
                "failed-run",
                item.field,
                f"{', '.join(facts.tools)}: {why}",
                wanted,
                "Repair the scan and run it again",
            )
        )
    if facts.undecided:
        findings.append(
            finding(
                GATE,
                "undecided",
                item.field,
                f"{facts.undecided} results left open",
                "none",
                "Repair the scan and run it again",
            )
        )
    return findings


def _vulnerability(item: Item, one: Vulnerability, vex: _Vex, refuse: Severity) -> Finding:
    score = "" if one.score is None else f", CVSS {one.score:g}"
    said, elsewhere = vex.status(one), vex.elsewhere(one)
    note = "" if said is None else f", VEX says {said}"
    if said is None and elsewhere:
        note = f", VEX speaks only of {elsewhere}"
    place = " in ".join(part for part in (one.component, one.where) if part)
    return finding(
        GATE,
        "exploitable",
        item.field,
        f"{one.id} ({one.severity}{score}){note} {place}".strip(),
        f"none of severity {refuse} or above",
        "Update the component, or state in a signed VEX document why it cannot be exploited there",
        severity=one.severity,
    )
