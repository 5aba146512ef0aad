"""What evidence says, normalised: small and bounded, whatever the size of the file it came from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from slipway.release.findings import Severity, Text
from slipway.release.manifest.base import FrozenModel

MOST_NAMES = 20
MOST_VULNERABILITIES = 400
MOST_VEX = 500
MOST_LINT_HITS = 200
MOST_VEX_COMPONENTS = 4000
"""Of all entries of one document together."""

Count = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Names = Annotated[tuple[Text, ...], Field(max_length=MOST_NAMES)]


class TestFacts(FrozenModel):
    """JUnit XML or an in-toto test-result: counts of the cases themselves, never of the headers."""

    __test__ = False

    kind: Literal["tests"] = "tests"
    cases: Count
    passed: Count
    failed: Count
    errors: Count
    skipped: Count
    flaky: Count = 0
    """Passed only when run again; they are among `passed`."""
    unlisted: Count = 0
    """Counted by a header and shown by no case; they are among `skipped`."""
    failing: Names = ()
    repeated: Names = ()
    """Names that several cases share, some passed and some failed: attempts, or tests that are called alike."""


class CoverageFacts(FrozenModel):
    """Cobertura: counted lines and branches."""

    kind: Literal["coverage"] = "coverage"
    lines: Count
    lines_covered: Count
    branches: Count = 0
    branches_covered: Count = 0


class AnalysisFacts(FrozenModel):
    """SARIF of static analysis: results by effective level, suppressed and unchanged ones apart."""

    kind: Literal["static-analysis"] = "static-analysis"
    tools: Names
    successful: bool
    """False when the tool says that it failed, or reports an error of its own."""
    failures: Names = ()
    """Why it was not successful: the tool's own words, with the place."""
    notices: Count = 0
    """Warnings of the tool about its own run: something was perhaps not analysed whole."""
    errors: Count
    """New or updated against the baseline, or without a baseline."""
    warnings: Count
    notes: Count
    known: Count = 0
    """Errors that the tool's baseline knows as unchanged."""
    suppressed: Count = 0
    undecided: Count = 0
    """Results of kind `open` or `review`: the tool could not decide."""
    worst: Names = ()
    """Rule and place of the first errors."""


class Vulnerability(FrozenModel):
    """One vulnerability in one component of the artifact; `score` is CVSS, 0 to 10, where the scanner gave one."""

    id: Text
    severity: Severity
    score: Annotated[float, Field(ge=0, le=10)] | None = None
    where: Text = ""
    component: Text = ""
    """Package URL, or `name@version`, of the part that has it; empty when the scanner does not say."""


class ScanFacts(FrozenModel):
    """A security scan: SARIF or an in-toto vulns statement. The worst are listed, the rest only counted."""

    kind: Literal["security-scan"] = "security-scan"
    tools: Names
    successful: bool
    failures: Names = ()
    notices: Count = 0
    """As of a static analysis."""
    vulnerabilities: Annotated[tuple[Vulnerability, ...], Field(max_length=MOST_VULNERABILITIES)] = ()
    omitted: dict[Severity, Count] = {}
    """Counts of those that are not listed: no VEX statement can excuse what is not listed."""
    suppressed: Count = 0
    undecided: Count = 0


VexStatus = Literal["affected", "under_investigation", "fixed", "not_affected"]
VEX_BADNESS: tuple[VexStatus, ...] = ("not_affected", "fixed", "under_investigation", "affected")
WHOLE = ""
"""In place of a component: the whole artifact."""


class VexEntry(FrozenModel):
    """What the supplier says of one vulnerability in this artifact, or in some of its components only."""

    vulnerability: Text
    status: VexStatus
    justification: Text = ""
    components: tuple[Text, ...] = ()
    """Package URLs or other identifiers of the parts that it is about; empty: the whole artifact."""


class VexFacts(FrozenModel):
    """CycloneDX VEX or OpenVEX. Of two entries about the same part the worse counts; one about a component goes before
    one about the whole artifact."""

    kind: Literal["vex"] = "vex"
    entries: Annotated[tuple[VexEntry, ...], Field(max_length=MOST_VEX)]


LintDanger = Literal["takes-away", "locks", "breaks"]
"""takes-away: data, or names that clients use; locks: blocks reads or writes for long, or rewrites a table; breaks:
the script or the writes of clients fail."""


class LintHit(FrozenModel):
    """A linter's finding that counts by its rule, whatever its level."""

    rule: Text
    danger: LintDanger
    file: Text
    line: Count
    """From 1."""


class LintFacts(FrozenModel):
    """squawk's findings on migrations: counts by squawk's own level, and those that are dangerous by their rule."""

    kind: Literal["migration-lint"] = "migration-lint"
    errors: Count
    warnings: Count
    worst: Names = ()
    hits: Annotated[tuple[LintHit, ...], Field(max_length=MOST_LINT_HITS)] = ()
    omitted: Count = 0
    """Hits that are not listed."""


class ProvenanceFacts(FrozenModel):
    """SLSA provenance v1: who built the artifact, how, and from what."""

    kind: Literal["provenance"] = "provenance"
    builder: Text
    build_type: Text
    source: Text = ""
    """URI of the first resolved dependency that carries a git commit, or empty."""
    commit: Text = ""


class SummaryFacts(FrozenModel):
    """SLSA verification summary (VSA) v1."""

    kind: Literal["summary"] = "summary"
    verifier: Text
    passed: bool
    levels: Names = ()
    policy: Text = ""


class SignatureFacts(FrozenModel):
    """A bare signature over the artifact (cosign)."""

    kind: Literal["signature"] = "signature"


class ReleaseReference(FrozenModel):
    """Which release a person speaks of; see `slipway.release.fingerprint`."""

    service: Text
    version: Text
    fingerprint: Digest


class QaFacts(FrozenModel):
    """QA's recommendation."""

    kind: Literal["qa"] = "qa"
    release: ReleaseReference
    recommendation: Literal["go", "no-go", "conditional"]
    by: Text
    note: Text = ""


class ApprovalFacts(FrozenModel):
    """One approval, in one role."""

    kind: Literal["approval"] = "approval"
    release: ReleaseReference
    role: Text
    by: Text
    expires: AwareDatetime | None = None


class StagingFacts(FrozenModel):
    """The receipt of a rollout in a stack before production."""

    kind: Literal["staging"] = "staging"
    service: Text
    version: Text
    stack: Text
    outcome: Literal["completed", "aborted", "interrupted"]
    revision: Text | None = None
    """What ran there, artifact and workload; None in receipts of an earlier version of Slipway."""


class DrillFacts(FrozenModel):
    """The receipt of a drill: a procedure of the service was carried out, on purpose and watched."""

    kind: Literal["drill"] = "drill"
    service: Text
    procedure: Literal["deploy", "rollback", "kill"]
    stack: Text
    outcome: Literal["completed", "failed"]
    seconds: Annotated[float, Field(ge=0, le=1e7)]
    """How long it took; of a kill until the flag was seen off."""
    flag: Text | None = None
    """Of a kill: which flag was turned off, and on again."""
    requests: Annotated[int, Field(ge=0)] | None = None
    """Of a probe while it was drilled; None where there was none."""
    failed_requests: Annotated[int, Field(ge=0)] | None = None

    @property
    def told(self) -> str:
        """In one line, for records."""
        what = self.procedure if self.flag is None else f"{self.procedure} of {self.flag}"
        lost = "" if self.requests is None else f", {self.failed_requests} of {self.requests} requests failed"
        return f"{what} {self.outcome} in {self.stack}, {self.seconds:.4g} s{lost}"


class MigrationRun(FrozenModel):
    """One migration as it was run: the hashes of the scripts say which."""

    id: Text
    up: Sha256
    down: Sha256 | None = None


class MigrationFacts(FrozenModel):
    """The receipt of upgrade, downgrade, upgrade on a real database."""

    kind: Literal["migration"] = "migration"
    database: Text
    """Product and version, such as `PostgreSQL 17.2`."""
    migrations: Annotated[tuple[MigrationRun, ...], Field(min_length=1, max_length=100)]
    round_trip: bool
    """Upgrade, downgrade and upgrade again all worked, and the schema after both upgrades was the same."""
    previous_artifact: Digest | None = None
    previous_passed: bool | None = None
    """Whether the previous artifact's own tests pass on the upgraded schema."""


Facts = Annotated[
    TestFacts
    | CoverageFacts
    | AnalysisFacts
    | ScanFacts
    | VexFacts
    | LintFacts
    | ProvenanceFacts
    | SummaryFacts
    | SignatureFacts
    | QaFacts
    | ApprovalFacts
    | StagingFacts
    | DrillFacts
    | MigrationFacts,
    Field(discriminator="kind"),
]

Kind = Literal[
    "tests",
    "coverage",
    "static-analysis",
    "security-scan",
    "vex",
    "migration-lint",
    "provenance",
    "summary",
    "signature",
    "qa",
    "approval",
    "staging",
    "drill",
    "migration",
]
