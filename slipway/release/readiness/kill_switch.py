"""Gate `kill-switch`: a risky feature is guarded by a flag of the stack, and turning that off was exercised."""

from __future__ import annotations

from slipway.release.evidence.facts import DrillFacts
from slipway.release.findings import Finding, finding
from slipway.release.readiness.gate_input import GateInput, aged

GATE = "kill-switch"
KINDS = ("kill-switch", "release", "ops")
"""The kinds of flags that may guard a feature: an experiment compares variants, and ends."""
_LEVELS = ("low", "medium", "high")


def evaluate(gate_input: GateInput) -> list[Finding]:
    """Each risky feature can be switched off without a release."""
    least, found = _LEVELS.index(gate_input.settings.kill_switch.risk), list[Finding]()
    for number, change in enumerate(gate_input.release.scope.changes):
        if change.kind != "feature" or _LEVELS.index(change.risk) < least:
            continue
        field, flag = f"scope.changes[{number}].flag", (change.flag or "").strip()
        if flag:
            found += _undeclared(gate_input, field, flag) or _undrilled(gate_input, flag)
        else:
            found.append(
                finding(
                    GATE,
                    "missing",
                    field,
                    f"{change.id} is a feature of {change.risk} risk without a flag",
                    "a feature flag or kill switch",
                    "Guard it with a flag, and name the flag",
                )
            )
    return found


def _undeclared(gate_input: GateInput, field: str, flag: str) -> list[Finding]:
    declared = gate_input.flags.flags.get(flag) if gate_input.flags is not None else None
    if declared is not None and declared.kind in KINDS:
        return []
    if declared is not None:
        code, found = "wrong-kind", f"{flag} is of kind {declared.kind}"
    elif gate_input.flags_problem:
        code, found = "unreadable", gate_input.flags_problem
    else:
        known = ", ".join(gate_input.flags.flags) if gate_input.flags is not None else ""
        code, found = "undeclared", f"{flag} is no flag of the stack {gate_input.stack}, which has {known or 'none'}"
    return [
        finding(
            GATE,
            code,
            field,
            found,
            f"a flag of kind {', '.join(KINDS)} in a file that releases:flags names",
            "Declare it there, or name the flag that guards the feature",
        )
    ]


def _undrilled(gate_input: GateInput, flag: str) -> list[Finding]:
    settings = gate_input.settings.kill_switch
    if gate_input.settled or not settings.drilled or gate_input.before_production:
        return []
    drills = [
        (item, facts)
        for item, facts in gate_input.evidence.of(DrillFacts)
        if facts.procedure == "kill" and facts.flag == flag
    ]
    worked = [item for item, facts in drills if facts.outcome == "completed"]
    if any(not aged(GATE, item, gate_input, settings.max_age, "owner") for item in worked):
        return []
    if worked:
        return [finding for item in worked for finding in aged(GATE, item, gate_input, settings.max_age, "owner")]
    return [_never(flag, settings.max_age, failed=bool(drills))]


def _never(flag: str, most: float, *, failed: bool) -> Finding:
    return finding(
        GATE,
        "drill-failed" if failed else "not-drilled",
        "evidence.statements",
        f"a drill of {flag} that failed" if failed else f"no receipt that {flag} was turned off",
        f"a drill that killed {flag}, saw it off and resumed it, at most {most / 86400:.4g} days ago",
        f"Run `slipway drill kill {flag}` in staging, then list the receipt that it writes",
        turn="owner",
    )
