"""Gates `qa` and `approvals`: signed words of people about exactly this release."""

from __future__ import annotations

from datetime import datetime

from slipway.release.evidence.facts import ApprovalFacts, QaFacts
from slipway.release.evidence.model import Item
from slipway.release.findings import Finding, finding
from slipway.release.manifest.governance import Approval
from slipway.release.people import is_plain, known_as, may_be
from slipway.release.readiness.gate_input import CLOCK_SKEW, GateInput, aged, rejected

QA = "qa"
APPROVALS = "approvals"


def evaluate_qa(gate_input: GateInput) -> list[Finding]:
    """QA said `go`, signed it, for this release as it is now. Anything else sends it back."""
    findings = [rejected(QA, entry, "qa") for entry in gate_input.evidence.rejections("qa")]
    declared, signed = gate_input.release.qa, gate_input.evidence.of(QaFacts)
    if declared is not None and declared.recommendation != "go":
        findings.append(_not_go("qa.recommendation", declared.recommendation))
        return findings
    for item, facts in signed:
        if facts.recommendation != "go":
            findings.append(_not_go(item.field, f"{facts.recommendation} by {facts.by} {facts.note}".strip()))
        findings += aged(QA, item, gate_input, gate_input.settings.qa.max_age, "qa")
    if gate_input.settings.qa.required and not findings and (declared is None or not signed):
        found = (
            "no recommendation" if declared is None else f"{declared.by}'s recommendation without a signed statement"
        )
        findings.append(
            finding(
                QA,
                "missing",
                "qa" if declared is None else "qa.statement",
                found,
                "a signed recommendation of QA for this release",
                "Let QA run `slipway attest qa` and name the statement in qa.statement",
                turn="qa",
            )
        )
    if (
        declared is not None
        and signed
        and not findings
        and all(known_as(f.by) != known_as(declared.by) for _, f in signed)
    ):
        findings.append(
            finding(
                QA,
                "mismatch",
                "qa.by",
                declared.by,
                "the principal who signed the statement",
                "Name who signed",
                turn="qa",
                severity="critical",
            )
        )
    return findings


def evaluate_approvals(gate_input: GateInput) -> list[Finding]:
    """Each required role approved, by different people, none of them the author, none expired."""
    findings = [rejected(APPROVALS, entry, "owner") for entry in gate_input.evidence.rejections("approval")]
    if gate_input.settled:
        return findings
    author = gate_input.release.scope.author or ""
    if gate_input.settings.approvals.roles:
        findings += _author(gate_input, author)
    findings += _declared_otherwise(gate_input)
    usable: list[ApprovalFacts] = []
    refused: set[str] = set()
    for item, facts in gate_input.evidence.of(ApprovalFacts):
        problems = _approval(gate_input, item, facts, author)
        findings += problems
        if problems:
            refused.add(facts.role)
        else:
            usable.append(facts)
    return [*findings, *_roles(gate_input, usable, refused)]


def _declared_otherwise(gate_input: GateInput) -> list[Finding]:
    """What the manifest shows its readers must be what was signed: role, name and expiry of each approval."""
    signed = {item.field: facts for item, facts in gate_input.evidence.of(ApprovalFacts)}
    rejected_fields = {entry.field for entry in gate_input.evidence.rejections("approval")}
    findings = []
    for number, declared in enumerate(gate_input.release.approvals):
        field = f"approvals[{number}]"
        if f"{field}.statement" in rejected_fields:
            continue
        statement = signed.get(f"{field}.statement")
        candidates = [statement] if statement is not None else list(signed.values())
        if any(_same(gate_input, declared, facts) for facts in candidates):
            continue
        wanted = (
            "an approval that is signed"
            if statement is None
            else f"what the statement says: {statement.role} by {statement.by}{_until(statement.expires)}"
        )
        findings.append(
            finding(
                APPROVALS,
                "unsigned" if statement is None else "mismatch",
                field,
                f"{declared.role} by {declared.by}{_until(declared.expires)}",
                wanted,
                "Name the signed statement, or take the entry out" if statement is None else "Write what was signed",
                turn="owner",
                severity="critical",
            )
        )
    return findings


def _same(gate_input: GateInput, declared: Approval, facts: ApprovalFacts) -> bool:
    if declared.role != facts.role or declared.expires not in {None, facts.expires}:
        return False
    return _same_person(gate_input, declared.by, facts.by)


def _until(expires: datetime | None) -> str:
    return "" if expires is None else f" until {expires.isoformat()}"


def _approval(gate_input: GateInput, item: Item, facts: ApprovalFacts, author: str) -> list[Finding]:
    findings = aged(APPROVALS, item, gate_input, gate_input.settings.approvals.max_age, "owner")
    if author.strip() and _same_person(gate_input, facts.by, author):
        findings.append(
            finding(
                APPROVALS,
                "own-change",
                item.field,
                f"{facts.by} approves as {facts.role}, and is the author",
                "an approval by another person",
                "Ask another person with this role",
                turn="owner",
                severity="critical",
            )
        )
    if facts.expires is not None and facts.expires < gate_input.now - CLOCK_SKEW:
        findings.append(
            finding(
                APPROVALS,
                "expired",
                item.field,
                f"approval of {facts.by} as {facts.role} expired {facts.expires.isoformat()}",
                "an approval that holds",
                "Ask again",
                turn="owner",
            )
        )
    return findings


def _author(gate_input: GateInput, author: str) -> list[Finding]:
    """Whether it is known who made the change, so that another person approves."""
    problem: tuple[str, str, str] | None = None
    if not author.strip():
        problem = "author-unknown", "nothing", "Name the author"
    elif not is_plain(author):
        shown = author.encode("ascii", "backslashreplace").decode()
        problem = (
            "author-unclear",
            f"{shown}, which is not printable ASCII",
            "Write the author's name in the trust roots",
        )
    elif gate_input.trust.principal_of(author) is None:
        akin = [
            one.name for one in gate_input.trust.principals if one.roles and any(may_be(author, n) for n in one.names)
        ]
        if akin:
            remedy = "Write that principal's name, or list the other name among its aliases in the trust roots"
            problem = "author-unclear", f"{author}, who may be {' or '.join(akin)}", remedy
        elif gate_input.settings.approvals.known_authors:
            remedy = "Add the author to the trust roots, a name is enough, or list the name among a principal's aliases"
            problem = "author-unknown", f"{author}, who is no principal of the trust roots", remedy
    if problem is None:
        return []
    code, found, remedy = problem
    wanted = "who made the change, so that another person approves"
    return [finding(APPROVALS, code, "scope.author", found, wanted, remedy)]


def _same_person(gate_input: GateInput, first: str, second: str) -> bool:
    """By principals where both are known, else by their names."""
    one, other = gate_input.trust.principal_of(first), gate_input.trust.principal_of(second)
    return known_as(first) == known_as(second) or (one is not None and one is other)


def _roles(gate_input: GateInput, usable: list[ApprovalFacts], refused: set[str]) -> list[Finding]:
    """Roles without an approval (those in `refused` were reported already); one person cannot fill two of them."""
    free = {known_as(facts.by): facts for facts in usable}
    wanted = gate_input.settings.approvals.roles
    by_role = {role: [known_as(f.by) for f in usable if f.role == role] for role in wanted}
    missing = [role for role in wanted if not by_role[role]]
    if not missing and not _assignable(list(wanted), by_role, frozenset()):
        return [
            finding(
                APPROVALS,
                "same-person",
                "approvals",
                f"{len(free)} people for {len(wanted)} roles",
                "another person for each role",
                "Ask one more person",
                turn="owner",
            )
        ]
    return [
        finding(
            APPROVALS,
            "missing",
            "approvals",
            f"no valid approval as {role}",
            f"a signed approval as {role} of this release",
            f"Let a {role} run `slipway attest approval --role {role}` and name the statement",
            turn="owner",
        )
        for role in missing
        if role not in refused
    ]


def _assignable(roles: list[str], by_role: dict[str, list[str]], taken: frozenset[str]) -> bool:
    if not roles:
        return True
    return any(
        _assignable(roles[1:], by_role, taken | {person}) for person in set(by_role[roles[0]]) if person not in taken
    )


def _not_go(field: str, found: str) -> Finding:
    return finding(
        QA,
        "not-go",
        field,
        found,
        "go",
        "Settle what QA asks for; then QA tests again and signs anew",
    )
