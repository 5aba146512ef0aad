"""The catalogue of gates: one row a gate, in the order in which they are judged. What the others rest on comes first.

Names, order, titles, severities, settings and the functions of the gates on releases are read from here by
`slipway gates`, the CrossGuard pack, the provider and the documentation. The function of a gate on resources, and the
types that it reads, are in `policies/gates/`, because only the pack sees resources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from slipway.release.findings import Finding, Severity, order
from slipway.release.gating import settings
from slipway.release.manifest.base import FrozenModel
from slipway.release.readiness import (
    analysis,
    bounds,
    follow_up,
    integrity,
    kill_switch,
    migrations,
    mirror,
    parity,
    people,
    receipts,
    reports,
    scope,
    testing,
    timing,
    vulnerabilities,
    watch,
)
from slipway.release.readiness import settings as thresholds
from slipway.release.readiness.gate_input import GateInput

DOCUMENT = "docs/gates.md"

MANIFEST = "manifest"
IMAGES = "images"
GATED = "gated"
ENFORCED = "enforced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One row. `rows` are those of the framework in docs/gates.md, such as `W1`."""

    name: str
    title: str
    severity: Severity
    rows: tuple[str, ...]
    remedy: str
    settings: type[FrozenModel] = settings.NoSettings
    unconditional: bool = False
    """Always mandatory and never exempted: the other gates judge only what passed it."""
    exemptible: bool = True
    """Whether an exemption may let a finding pass; never for the integrity of what runs and of what was judged."""

    @property
    def url(self) -> str:
        """Where it is documented, in this project."""
        return f"{DOCUMENT}#{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseGate(Gate):
    """Judges a release by its manifest and evidence. `evaluate` returns findings whose `gate` is its own name, and
    nothing when all is well."""

    evaluate: Callable[[GateInput], list[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceGate(Gate):
    """Judges what a program declares, so it needs the engine."""


def _nothing_more(gate_input: GateInput) -> list[Finding]:
    """The gate `manifest` judges before there is a GateInput: what cannot be read or was declared otherwise."""
    return []


_ROWS: tuple[Gate, ...] = (
    ReleaseGate(
        name=MANIFEST,
        title="The release that is declared is the one in its manifest",
        severity="critical",
        rows=("B1", "I1"),
        remedy="Declare the release from its manifest and nothing else",
        evaluate=_nothing_more,
        unconditional=True,
    ),
    ReleaseGate(
        name=integrity.GATE,
        title="The artifact is signed for, and the registry has exactly these bytes",
        severity="critical",
        rows=("W1", "B1"),
        remedy="Sign the provenance or the results of this artifact, and push it",
        settings=settings.IntegrityGate,
        evaluate=integrity.evaluate,
        unconditional=True,
    ),
    ReleaseGate(
        name=reports.GATE,
        title="Required evidence is there, verified, bound to the artifact, and fresh",
        severity="high",
        rows=("W1", "A1"),
        remedy="Let CI produce the report and bind it with `slipway attest results`",
        settings=settings.EvidenceGate,
        evaluate=reports.evaluate,
        unconditional=True,
    ),
    ReleaseGate(
        name=integrity.PROVENANCE,
        title="An allowed builder built the artifact from an allowed source",
        severity="critical",
        rows=("W2", "B1"),
        remedy="Build with an allowed builder and list its SLSA provenance",
        settings=thresholds.ProvenanceSettings,
        evaluate=integrity.evaluate_provenance,
        exemptible=False,
    ),
    ReleaseGate(
        name=testing.TESTS,
        title="Enough tests ran, and enough of them passed",
        severity="high",
        rows=("W2", "A1"),
        remedy="Fix what fails, and run the whole suite",
        settings=thresholds.TestSettings,
        evaluate=testing.evaluate_tests,
    ),
    ReleaseGate(
        name=testing.COVERAGE,
        title="Enough of the code was reached by tests",
        severity="medium",
        rows=("W2",),
        remedy="Add tests for what the release changes",
        settings=thresholds.CoverageSettings,
        evaluate=testing.evaluate_coverage,
    ),
    ReleaseGate(
        name=analysis.GATE,
        title="Static analysis ran to its end and found no new errors",
        severity="high",
        rows=("W2",),
        remedy="Fix the errors, or have their suppression accepted in the tool",
        settings=thresholds.AnalysisSettings,
        evaluate=analysis.evaluate,
    ),
    ReleaseGate(
        name=vulnerabilities.GATE,
        title="No exploitable vulnerability at or above the level",
        severity="high",
        rows=("W2",),
        remedy="Update the component, or state in a signed VEX document why it cannot be exploited",
        settings=thresholds.VulnerabilitySettings,
        evaluate=vulnerabilities.evaluate,
    ),
    ReleaseGate(
        name=people.QA,
        title="QA said go, for this release as it is now",
        severity="high",
        rows=("W1", "A1"),
        remedy="Settle what QA asks for; then QA signs anew",
        settings=thresholds.QaSettings,
        evaluate=people.evaluate_qa,
    ),
    ReleaseGate(
        name=people.APPROVALS,
        title="Every required role approved, and no author their own change",
        severity="high",
        rows=("W1", "I2"),
        remedy="Let a person with the role sign with `slipway attest approval`",
        settings=thresholds.ApprovalSettings,
        evaluate=people.evaluate_approvals,
    ),
    ReleaseGate(
        name=receipts.STAGING,
        title="The same revision, artifact and workload, completed a rollout in the stack before this one",
        severity="critical",
        rows=("A2",),
        remedy="Release it to staging first, then list the receipt",
        settings=thresholds.StagingSettings,
        evaluate=receipts.evaluate_staging,
    ),
    ReleaseGate(
        name=receipts.DRILL,
        title="The rollback was drilled recently, and worked",
        severity="high",
        rows=("B5", "Q1"),
        remedy="Drill it in staging, then list the receipt",
        settings=thresholds.DrillSettings,
        evaluate=receipts.evaluate_drill,
    ),
    ReleaseGate(
        name=parity.GATE,
        title="Staging and this environment differ only where it is declared",
        severity="high",
        rows=("W1", "B2"),
        remedy="Make them the same, or declare the difference with its reason",
        settings=thresholds.ParitySettings,
        evaluate=parity.evaluate,
    ),
    ReleaseGate(
        name=migrations.GATE,
        title="The schema change fits the previous artifact, and can be undone",
        severity="high",
        rows=("W1", "Q1"),
        remedy="Split expand from contract, and write and prove the way down",
        settings=thresholds.MigrationSettings,
        evaluate=migrations.evaluate,
    ),
    ReleaseGate(
        name=scope.ROLLBACK,
        title="How this release may be undone is said, and quick enough",
        severity="high",
        rows=("I1", "I2"),
        remedy="Name constraints, compensations and the time it takes",
        settings=thresholds.RollbackSettings,
        evaluate=scope.evaluate_rollback,
    ),
    ReleaseGate(
        name=scope.ENVIRONMENT,
        title="What the release needs from its environment is said, and in place",
        severity="high",
        rows=("I2",),
        remedy="Answer environment.dependencies; [] is an answer",
        evaluate=scope.evaluate_environment,
    ),
    ReleaseGate(
        name=kill_switch.GATE,
        title="A risky feature can be switched off without a release, and that was exercised",
        severity="high",
        rows=("B4", "B5"),
        remedy="Guard the feature with a declared flag, name it, and drill its kill",
        settings=thresholds.KillSwitchSettings,
        evaluate=kill_switch.evaluate,
    ),
    ReleaseGate(
        name=scope.HOTFIX,
        title="A hotfix is tracked, and its follow-up is due soon",
        severity="critical",
        rows=("A3",),
        remedy="Open a ticket, and say when the regular fix is due",
        settings=thresholds.HotfixSettings,
        evaluate=scope.evaluate_hotfix,
    ),
    ReleaseGate(
        name=scope.STRATEGY,
        title="A strategy that is riskier than the recommended one has a written reason",
        severity="medium",
        rows=("W3",),
        remedy="Follow the recommendation, or write why not",
        evaluate=scope.evaluate_strategy,
    ),
    ReleaseGate(
        name=bounds.GUARDRAILS,
        title="Guardrails can fail: they are within the bounds of the configuration",
        severity="high",
        rows=("W4", "W5"),
        remedy="Declare stricter guardrails",
        settings=thresholds.GuardrailSettings,
        evaluate=bounds.evaluate_guardrails,
    ),
    ReleaseGate(
        name=mirror.GATE,
        title="Copies of requests write nothing twice that may not be, and are no more than the configuration allows",
        severity="high",
        rows=("W3", "W4"),
        remedy="Copy requests that only read, and fewer of them",
        settings=thresholds.MirrorSettings,
        evaluate=mirror.evaluate,
    ),
    ReleaseGate(
        name=watch.GATE,
        title="A release is watched after 100% as the configuration asks, and its watch can do what it declares",
        severity="high",
        rows=("W5", "W6"),
        remedy="Declare the watch, and keep what serves as the standby",
        settings=thresholds.WatchSettings,
        evaluate=watch.evaluate,
    ),
    ReleaseGate(
        name=bounds.POD_SECURITY,
        title="The pods run without root, without the platform's rights, confined, and without secrets in plain text",
        severity="critical",
        rows=("W2", "A3"),
        remedy="Run as another user and ServiceAccount",
        settings=thresholds.PodSecuritySettings,
        evaluate=bounds.evaluate_pod_security,
    ),
    ReleaseGate(
        name=timing.FREEZE,
        title="Nothing is released inside a freeze but tracked hotfixes",
        severity="high",
        rows=("W1",),
        remedy="Wait for its end, or declare a hotfix",
        settings=thresholds.FreezeSettings,
        evaluate=timing.evaluate_freeze,
    ),
    ReleaseGate(
        name=timing.BUDGET,
        title="With the error budget spent, only fixes are released",
        severity="high",
        rows=("W5",),
        remedy="Release first what makes the service more reliable",
        settings=settings.BudgetGate,
        evaluate=timing.evaluate_budget,
    ),
    ReleaseGate(
        name=follow_up.GATE,
        title="What earlier releases left to do is done by its day",
        severity="medium",
        rows=("W7", "Q1"),
        remedy="Do it, and say so in the review",
        evaluate=follow_up.evaluate,
    ),
    ResourceGate(
        name=ENFORCED,
        title="The stack's own gates are enforced also where no pack was given",
        severity="critical",
        rows=("W2", "A3"),
        remedy="Remove mode: off from releases:gates in the stack's file",
        exemptible=False,
    ),
    ResourceGate(
        name=GATED,
        title="Traffic moves only to a release that was judged, and only as its manifest says",
        severity="critical",
        rows=("W2", "A3", "B1"),
        remedy="Declare a Release from the same manifest, and let the Rollout depend on it",
        exemptible=False,
    ),
    ResourceGate(
        name=IMAGES,
        title="Every image is named by its digest",
        severity="critical",
        rows=("B1", "W1"),
        remedy="Name the image by the digest that was tested",
        settings=settings.ImageSettings,
        unconditional=True,
    ),
    ResourceGate(
        name="probes",
        title="Every container says when it is ready",
        severity="high",
        rows=("W4",),
        remedy="Declare the probe in workload.probes",
        settings=settings.ProbeSettings,
    ),
    ResourceGate(
        name="limits",
        title="Requests and limits are declared",
        severity="medium",
        rows=("W4",),
        remedy="Declare workload.resources",
        settings=settings.LimitSettings,
    ),
    ResourceGate(
        name="disruption-budget",
        title="Every workload has a disruption budget that means something",
        severity="medium",
        rows=("W4",),
        remedy="Declare a PodDisruptionBudget",
    ),
    ResourceGate(
        name="autoscaling",
        title="One autoscaler scales a version, as its manifest says",
        severity="high",
        rows=("W4", "A3"),
        remedy="Declare it in the manifest, and nothing else for the same workload",
    ),
    ResourceGate(
        name="selectors",
        title="A Service sends to the pods of one version alone",
        severity="critical",
        rows=("W4", "A3"),
        remedy="Add a label to its selector that only the pods of its own version have",
    ),
    ResourceGate(
        name="in-place",
        title="What runs is a release, unchanged",
        severity="critical",
        rows=("A3", "B1"),
        remedy="Release it: a manifest with the section hotfix (ticket, reason, followUpDue) where it is urgent",
        settings=settings.InPlaceSettings,
    ),
    ResourceGate(
        name="alarms",
        title="Every alarm has an owner, a runbook and a target",
        severity="high",
        rows=("Q1", "B5", "W5"),
        remedy="Say who acts, what they do and where it goes",
        settings=settings.AlarmSettings,
    ),
    ResourceGate(
        name="alarm-route",
        title="Every alarm can be evaluated, and reaches its owner",
        severity="high",
        rows=("Q1", "W5"),
        remedy="Give the owner a route in the files of releases:slos, and correct the expression",
    ),
    ResourceGate(
        name="weights",
        title="The Rollout alone writes the weights of the traffic",
        severity="critical",
        rows=("W4", "A3"),
        remedy="Delete it; describe the route in the manifest",
    ),
    ResourceGate(
        name="ecs-service",
        title="A service on ECS gives up what fails, and moves no traffic itself",
        severity="high",
        rows=("W4", "W6"),
        remedy="Turn its circuit breaker on; leave controller and strategy out",
    ),
    ResourceGate(
        name="log-retention",
        title="Logs in CloudWatch are kept for a time",
        severity="medium",
        rows=("W5",),
        remedy="Declare retentionInDays",
    ),
    ResourceGate(
        name="public-access",
        title="What is kept on AWS is not open to the world",
        severity="critical",
        rows=("W2",),
        remedy="Shut it",
    ),
    ResourceGate(
        name="flag-owner",
        title="Every flag has an owner who answers for it",
        severity="medium",
        rows=("B4",),
        remedy="Name a team that answers for flags",
        settings=settings.FlagOwnerSettings,
    ),
    ResourceGate(
        name="flag-expiry",
        title="No flag outlives its day by more than the grace",
        severity="medium",
        rows=("B4",),
        remedy="Take the flag out of the code, then out of its file, or agree on a later day",
        settings=settings.FlagExpirySettings,
    ),
    ResourceGate(
        name="flag-used",
        title="Every flag is still evaluated, where that is counted",
        severity="low",
        rows=("B4",),
        remedy="Take the flag out of its file, or correct the query that counts evaluations",
    ),
    ResourceGate(
        name="flag-writer",
        title="The FlagSet alone writes the document of the flags",
        severity="critical",
        rows=("B4", "A3"),
        remedy="Delete it; declare the flag in a file of flags",
    ),
)

CATALOG: Mapping[str, Gate] = MappingProxyType({gate.name: gate for gate in _ROWS})
"""Every gate by its name, in the order in which they are judged."""

RELEASE_GATES: Mapping[str, ReleaseGate] = MappingProxyType(
    {gate.name: gate for gate in _ROWS if isinstance(gate, ReleaseGate)}
)
"""The gates on releases."""

UNCONDITIONAL = frozenset(gate.name for gate in _ROWS if gate.unconditional)
WITHOUT_EXEMPTION = frozenset(gate.name for gate in _ROWS if gate.unconditional or not gate.exemptible)


def evaluate(gate_input: GateInput) -> list[Finding]:
    """All findings of all gates on releases, worst first. Empty means ready."""
    return order([finding for gate in RELEASE_GATES.values() for finding in gate.evaluate(gate_input)])
