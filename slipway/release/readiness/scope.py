"""Gates `rollback`, `environment`, `kill-switch`, `hotfix` and `strategy`: the answers that a release must give."""

from __future__ import annotations

from slipway.release.findings import Finding, finding
from slipway.release.manifest.release import Release
from slipway.release.readiness.gate_input import GateInput
from slipway.release.risk import riskier_than_recommended

ROLLBACK = "rollback"
ENVIRONMENT = "environment"
HOTFIX = "hotfix"
STRATEGY = "strategy"

_LEVELS = ("low", "medium", "high")


def evaluate_rollback(gate_input: GateInput) -> list[Finding]:
    """How long an undo may take, and a compensation for each constraint that stands in its way."""
    rollback, most = gate_input.release.rollback, gate_input.settings.rollback.max_minutes
    findings = []
    if rollback.max_minutes > most:
        findings.append(
            finding(
                ROLLBACK,
                "too-slow",
                "rollback.maxMinutes",
                f"{rollback.max_minutes:g}",
                f"at most {most:g}",
                "Keep the previous version warm (standby), or split the release",
                turn="owner",
            )
        )
    blank = [entry for entry in (*rollback.constraints, *rollback.compensations) if len(entry.strip()) < 3]
    if blank:
        findings.append(
            finding(
                ROLLBACK,
                "unclear",
                "rollback.constraints",
                "an entry without text",
                "sentences",
                "Say what stands in the way of a rollback and what is done about it",
                turn="owner",
            )
        )
    if rollback.constraints and not rollback.compensations:
        findings.append(
            finding(
                ROLLBACK,
                "uncompensated",
                "rollback.compensations",
                f"{len(rollback.constraints)} constraint(s), such as: {rollback.constraints[0]}",
                "what is done about them when the release is undone",
                "Name the compensating actions",
                turn="owner",
            )
        )
    return findings


def evaluate_environment(gate_input: GateInput) -> list[Finding]:
    """The dependencies on the environment were answered, and are in place."""
    environment = gate_input.release.environment
    if environment is None:
        return [
            finding(
                ENVIRONMENT,
                "unanswered",
                "environment.dependencies",
                "nothing",
                "what the release needs from its environment; [] says that it needs nothing",
                "Write environment: {dependencies: [...]}",
            )
        ]
    return [
        finding(
            ENVIRONMENT,
            "not-ready",
            f"environment.dependencies[{number}]",
            f"{dependency.name} ({dependency.kind}) is not ready in {gate_input.stack}",
            "a dependency that is in place",
            "Put it in place, then say ready: true",
            turn="owner",
        )
        for number, dependency in enumerate(environment.dependencies)
        if not dependency.ready
    ]


def evaluate_hotfix(gate_input: GateInput) -> list[Finding]:
    """A hotfix is tracked, and its follow-up is due soon."""
    release, most = gate_input.release, gate_input.settings.hotfix.max_follow_up
    hot = [number for number, change in enumerate(release.scope.changes) if change.kind == "hotfix"]
    if release.hotfix is None:
        return [
            finding(
                HOTFIX,
                "untracked",
                f"scope.changes[{number}]",
                f"{release.scope.changes[number].id} is a hotfix without a record",
                "the section hotfix with ticket, reason and followUpDue",
                "Open a ticket, and say when the regular fix is due",
                severity="critical",
            )
            for number in hot
        ]
    others = [number for number, change in enumerate(release.scope.changes) if change.kind not in {"hotfix", "fix"}]
    if others or not release.scope.changes:
        return _rides_along(release, others)
    left = (release.hotfix.follow_up_due - gate_input.now).total_seconds()
    if gate_input.settled or 0 < left <= most:
        return []
    found = (
        f"{release.hotfix.follow_up_due.isoformat()}, {'in the past' if left <= 0 else f'in {left / 86400:.1f} days'}"
    )
    return [
        finding(
            HOTFIX,
            "follow-up",
            "hotfix.followUpDue",
            found,
            f"within the next {most / 86400:.4g} days",
            "Agree on a date",
            turn="owner",
        )
    ]


def _rides_along(release: Release, others: list[int]) -> list[Finding]:
    """A hotfix passes freezes and a spent error budget, so nothing else may come with it."""
    found = [
        (f"scope.changes[{n}]", f"{release.scope.changes[n].id} is {release.scope.changes[n].kind}") for n in others
    ]
    return [
        finding(
            HOTFIX,
            "not-a-hotfix",
            field,
            f"{what}, in a release that is declared as a hotfix",
            "changes of kind hotfix or fix only",
            "Release it by itself, or take out the section hotfix",
            severity="critical",
        )
        for field, what in found or [("scope.changes", "nothing")]
    ]


def evaluate_strategy(gate_input: GateInput) -> list[Finding]:
    """A strategy that is riskier than the recommended one needs a reason in writing."""
    why = riskier_than_recommended(gate_input.release, gate_input.past)
    if not why or len((gate_input.release.strategy.reason or "").strip()) >= 10:
        return []
    return [
        finding(
            STRATEGY,
            "riskier",
            "strategy",
            why,
            "the recommended strategy, or strategy.reason",
            "Follow the recommendation, or write why not (10 characters or more)",
            turn="owner",
        )
    ]
