"""The thresholds of the gates, one part a gate. The defaults are those of a careful production stack."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator

from slipway.release.evidence.receipts import ResultKind
from slipway.release.findings import Severity
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.route import Method
from slipway.release.manifest.scope import Level
from slipway.release.readiness.pod_restrictions import Restriction
from slipway.release.units import Percent, Seconds, Share

DAY = 86400.0


class EvidenceSettings(FrozenModel):
    """Which evidence must be there, and how old it may be."""

    required: tuple[ResultKind, ...] = ("tests", "coverage", "static-analysis", "security-scan")
    max_age: Seconds = 7 * DAY
    """Of test, coverage and analysis reports."""
    max_scan_age: Seconds = 3 * DAY
    """Of security scans and VEX: new vulnerabilities become known every day."""


class TestSettings(FrozenModel):
    """JUnit and test-result."""

    __test__ = False

    min_pass_rate: Share = 1.0
    """Of the cases that ran; a failing case always needs an explicit decision below 100%."""
    max_skipped: Share = 0.2
    """Of all cases: a suite that is skipped says nothing."""
    max_flaky: Share | None = None
    """Of all cases: those that passed only when they were run again; no bound when left out."""
    min_cases: Annotated[int, Field(ge=1)] = 1


class CoverageSettings(FrozenModel):
    """Cobertura."""

    min_lines: Share = 0.7
    min_branches: Share = 0.0


class AnalysisSettings(FrozenModel):
    """SARIF of static analysis."""

    max_errors: Annotated[int, Field(ge=0)] = 0
    max_warnings: Annotated[int, Field(ge=0)] | None = None
    allow_undecided: bool = False


class VulnerabilitySettings(FrozenModel):
    """Security scans with VEX."""

    refuse: Severity = "high"
    """This severity and above, unless a VEX statement says not_affected or fixed."""


class ProvenanceSettings(FrozenModel):
    """SLSA provenance."""

    required: bool = True
    source: str | None = None
    """Beginning of the source repository's URI, when only one may be built from."""


class IntegritySettings(FrozenModel):
    """The artifact itself."""

    registry: bool = True
    """The registry must have been asked and must have answered with the same digest."""
    registries: tuple[str, ...] = ()
    """`host` or `host:port` of the registries that releases may come from; any when left out. No other is asked."""
    immutable_tags: bool = False
    """The repository must refuse to move tags (known for ECR only)."""


class QaSettings(FrozenModel):
    """QA's word."""

    required: bool = True
    max_age: Seconds = 7 * DAY


class ApprovalSettings(FrozenModel):
    """Approvals."""

    roles: tuple[str, ...] = ("service-owner",)
    """Every one of these must have approved, each by another person."""
    max_age: Seconds = 14 * DAY
    known_authors: bool = False
    """The author must be a principal of the trust roots, by name or alias: only then is it known that it is not one
    of the approvers under another name."""


class StagingSettings(FrozenModel):
    """The rollout before production."""

    required: bool = True
    stack: str = "staging"
    max_age: Seconds = 30 * DAY


class ParitySettings(FrozenModel):
    """Configuration of staging against this environment."""

    required: bool = True


class MigrationSettings(FrozenModel):
    """Schema migrations."""

    receipt: bool = True
    """Reversibility must be proved by the receipt of a round trip on a real database."""
    max_lint_errors: Annotated[int, Field(ge=0)] = 0
    """Of squawk: syntax errors, and what its configuration calls an error."""
    max_lint_warnings: Annotated[int, Field(ge=0)] | None = None
    """Of squawk: all warnings together; no bound when left out."""
    allow_lint_rules: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Rules of squawk that take away data, lock for long or break clients, and are accepted here all the same."""


class RollbackSettings(FrozenModel):
    """How a release may be undone."""

    max_minutes: Annotated[float, Field(gt=0)] = 15.0


class DrillSettings(FrozenModel):
    """Drills of deploy and rollback."""

    procedures: tuple[str, ...] = ("rollback",)
    max_age: Seconds = 90 * DAY


class Freeze(FrozenModel):
    """A time without releases. Fixes marked `hotfix` and rollbacks pass."""

    name: Annotated[str, Field(min_length=1)]
    start: AwareDatetime
    end: AwareDatetime
    allow_hotfix: bool = True

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Freeze:
        if self.end <= self.start:
            raise ValueError(f"the freeze {self.name} ends before it starts, so it would freeze nothing")
        return self


class FreezeSettings(FrozenModel):
    """Times without releases."""

    windows: tuple[Freeze, ...] = ()


class BudgetSettings(FrozenModel):
    """Error budget (policy of the SRE workbook, appendix B)."""

    required: bool = False
    """Whether a release may start while the budget is unknown."""
    min_remaining: Share = 0.0
    """At or below this share of the budget only fixes are released."""


class KillSwitchSettings(FrozenModel):
    """Flags for risky features."""

    risk: Level = "high"
    """Features of this risk or above need a flag that can switch them off."""
    drilled: bool = True
    """That flag was killed, seen off and resumed before, with a receipt."""
    max_age: Seconds = 90 * DAY
    """Of that receipt."""


class GuardrailSettings(FrozenModel):
    """How lax guardrails may be: one that cannot fail protects no user."""

    measured: bool = True
    """At least one guardrail must measure requests or events; alerts alone are silent at a small share."""
    max_tolerate: Annotated[float, Field(ge=1)] = 2.0
    """Ratio of the candidate's bad share to the baseline's."""
    max_negligible: Share = 0.05
    """The bad share below which a candidate may be promoted whatever the ratio."""
    max_objective: Share = 0.1
    """Of errors and of the user's own queries."""
    max_slow: Share = 0.5
    """The objective of a latency: the share that may be slower than its threshold."""
    max_false_promote: Share = 0.1
    max_warm_up: Seconds = 600.0
    """The longest `warm_up`, in which only gross faults abort; never longer than the first step."""
    max_error_grace: Seconds = 600.0
    """The longest `error_grace`, in which the metrics may be silent."""


class MirrorSettings(FrozenModel):
    """Copies of requests, in the first step of a canary."""

    writes: tuple[Method, ...] = ()
    """Methods besides GET, HEAD and OPTIONS that may be copied where the manifest says why that does no harm."""
    max_percent: Annotated[Percent, Field(gt=0, le=100)] = 100.0
    """Of the requests: each copy is load for everything behind the service."""


class PodSecuritySettings(FrozenModel):
    """What the pods of a release may do."""

    allow_root: bool = False
    reserved_service_accounts: tuple[str, ...] = ("slipway-rollout",)
    """ServiceAccounts of the platform; a pod under one of them would have its token."""
    allow: tuple[Restriction, ...] = ()
    """What `workload.pod` may hold although the `restricted` profile of Kubernetes forbids it."""


class WatchSettings(FrozenModel):
    """The watch after 100%."""

    required: bool = False
    """A release without one is refused."""
    min_for: Seconds = 0.0
    """The shortest."""
    must_roll_back: bool = False
    """A watch that would only escalate is refused, such as one of a stack without a standby."""


class HotfixSettings(FrozenModel):
    """Tracked hotfixes."""

    max_follow_up: Seconds = 14 * DAY


class Settings(FrozenModel):
    """All of them, by the names of their gates, as `slipway.release.gating.configuration` puts them together."""

    evidence: EvidenceSettings = EvidenceSettings()
    tests: TestSettings = TestSettings()
    coverage: CoverageSettings = CoverageSettings()
    static_analysis: AnalysisSettings = AnalysisSettings()
    vulnerabilities: VulnerabilitySettings = VulnerabilitySettings()
    provenance: ProvenanceSettings = ProvenanceSettings()
    artifact_integrity: IntegritySettings = IntegritySettings()
    qa: QaSettings = QaSettings()
    approvals: ApprovalSettings = ApprovalSettings()
    staging: StagingSettings = StagingSettings()
    parity: ParitySettings = ParitySettings()
    migrations: MigrationSettings = MigrationSettings()
    rollback: RollbackSettings = RollbackSettings()
    drill: DrillSettings = DrillSettings()
    freeze: FreezeSettings = FreezeSettings()
    error_budget: BudgetSettings = BudgetSettings()
    kill_switch: KillSwitchSettings = KillSwitchSettings()
    guardrails: GuardrailSettings = GuardrailSettings()
    watch: WatchSettings = WatchSettings()
    pod_security: PodSecuritySettings = PodSecuritySettings()
    mirror: MirrorSettings = MirrorSettings()
    hotfix: HotfixSettings = HotfixSettings()
