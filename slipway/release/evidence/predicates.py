"""Public predicates: SLSA provenance v1 and verification summary v1, in-toto test-result and vulns, cosign's own."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import (
    MOST_NAMES,
    ProvenanceFacts,
    ScanFacts,
    SummaryFacts,
    TestFacts,
    Vulnerability,
)
from slipway.release.evidence.severity import RANK, canonical, from_score, from_word, listed
from slipway.release.evidence.typed import Foreign
from slipway.release.findings import Severity, plain

SLSA_PROVENANCE = "https://slsa.dev/provenance/v1"
SLSA_SUMMARY = "https://slsa.dev/verification_summary/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
VULNS = ("https://in-toto.io/attestation/vulns/v0.1", "https://in-toto.io/attestation/vulns/v0.2")
COSIGN_SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
OPENVEX = ("https://openvex.dev/ns", "https://openvex.dev/ns/v0.2.0")
CYCLONEDX = ("https://cyclonedx.org/bom", "https://cyclonedx.org/vex")

Time = Annotated[AwareDatetime, Field(strict=False)]
_SHA1 = re.compile(r"[0-9a-f]{40}")
_Word = Annotated[str, Field(min_length=1)]


class _Descriptor(Foreign):
    uri: str | None = None
    digest: dict[str, str] = {}


class _Definition(Foreign):
    build_type: _Word
    external_parameters: dict[str, object]
    resolved_dependencies: list[_Descriptor] = []


class _Builder(Foreign):
    id: str
    """BuildKit leaves it empty unless it is told; an empty one is no allowed builder."""


class _Metadata(Foreign):
    invocation_id: str | None = None
    started_on: Time | None = None
    finished_on: Time | None = None


class _Details(Foreign):
    builder: _Builder
    metadata: _Metadata = _Metadata()


class ProvenancePredicate(Foreign):
    """slsa.dev/provenance/v1."""

    build_definition: _Definition
    run_details: _Details

    @property
    def at(self) -> AwareDatetime | None:
        """When the build finished, else when it started; both are optional in SLSA."""
        return self.run_details.metadata.finished_on or self.run_details.metadata.started_on

    def facts(self) -> ProvenanceFacts:
        for dependency in self.build_definition.resolved_dependencies:
            commit = _commit(dependency.digest)
            if dependency.uri and commit:
                return self._facts(dependency.uri, commit)
        return self._facts("", "")

    def _facts(self, source: str, commit: str) -> ProvenanceFacts:
        return ProvenanceFacts(
            builder=self.run_details.builder.id,
            build_type=self.build_definition.build_type,
            source=source,
            commit=commit,
        )


def _commit(digest: dict[str, str]) -> str:
    """A git commit; GitLab writes its 40 digits under `sha256`."""
    named = digest.get("gitCommit") or digest.get("sha1") or ""
    other = digest.get("sha256", "")
    return named or (other if _SHA1.fullmatch(other) else "")


class _Verifier(Foreign):
    id: _Word


class _Policy(Foreign):
    uri: str = ""


class SummaryPredicate(Foreign):
    """slsa.dev/verification_summary/v1."""

    verifier: _Verifier
    time_verified: Time
    resource_uri: _Word
    policy: _Policy
    verification_result: Literal["PASSED", "FAILED"]
    verified_levels: list[str]

    @property
    def at(self) -> AwareDatetime:
        return self.time_verified

    def facts(self) -> SummaryFacts:
        return SummaryFacts(
            verifier=self.verifier.id,
            passed=self.verification_result == "PASSED",
            levels=tuple(self.verified_levels[:MOST_NAMES]),
            policy=self.policy.uri,
        )


class TestResultPredicate(Foreign):
    """in-toto test-result v0.1. It carries no time: `at` comes from the statement's own field where present."""

    __test__ = False

    result: Literal["PASSED", "WARNED", "FAILED"]
    configuration: list[dict[str, object]]
    passed_tests: list[str] = []
    warned_tests: list[str] = []
    failed_tests: list[str] = []
    finished_on: Time | None = None
    """An addition that the format's parsing rules allow: without a time evidence cannot be fresh."""

    @property
    def at(self) -> AwareDatetime | None:
        return self.finished_on

    def facts(self) -> TestFacts:
        failed = len(self.failed_tests)
        if self.result == "FAILED" and not failed:
            failed = 1  # it says that it failed, and not which test
        passed = len(self.passed_tests) + len(self.warned_tests)
        if not passed + failed:
            raise EvidenceError("empty", "in-toto test-result: it names not a single test")
        return TestFacts(
            cases=passed + failed,
            passed=passed,
            failed=failed,
            errors=0,
            skipped=0,
            failing=tuple(plain(name, 160) for name in self.failed_tests[:MOST_NAMES]),
        )


class _Score(Foreign):
    method: str
    score: str


class _Found(Foreign):
    id: _Word
    severity: list[_Score]
    annotations: list[dict[str, object]] = []


class _Database(Foreign):
    uri: str | None = None
    version: str | None = None
    last_update: Time | None = None


class _Scanner(Foreign):
    uri: _Word
    version: str | None = None
    db: _Database = _Database()
    result: list[_Found]


class _ScanMetadata(Foreign):
    scan_started_on: Time | None = None
    scan_finished_on: Time


class VulnsPredicate(Foreign):
    """in-toto vulns v0.1 and v0.2."""

    scanner: _Scanner
    metadata: _ScanMetadata

    @property
    def at(self) -> AwareDatetime:
        return self.metadata.scan_finished_on

    def facts(self) -> ScanFacts:
        found, omitted = listed(_vulnerability(entry) for entry in self.scanner.result)
        tool = plain(f"{self.scanner.uri} {self.scanner.version or ''}".strip(), 120)
        return ScanFacts(tools=(tool,), successful=True, vulnerabilities=found, omitted=omitted)


def _vulnerability(entry: _Found) -> Vulnerability:
    """The worst of the severities that the scanner gives; one that gives none that is known counts as high."""
    severities: list[Severity] = []
    scores: list[float] = []
    for one in entry.severity:
        word = from_word(one.score)
        number = _number(one.score)
        if word is not None:
            severities.append(word)
        elif number is not None:
            scores.append(number)
            severities.append(from_score(number))
        elif not one.score.startswith("CVSS:"):
            severities.append("high")  # a vector says no more than the score beside it; anything else is not understood
    worst: Severity = max(severities, key=RANK.__getitem__) if severities else "high"
    return Vulnerability(id=canonical(plain(entry.id, 120)), severity=worst, score=max(scores, default=None))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= 10 else None
