"""JUnit XML: the test cases are counted one by one; headers that say otherwise are a defect of the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field

from release.evidence.errors import EvidenceError
from release.evidence.facts import MOST_NAMES, TestFacts
from release.evidence.xmltext import stream, whole
from release.findings import plain

_FAILING = {"failure": "failed", "error": "errors", "rerunFailure": "failed", "rerunError": "errors"}
_BAD_STATUS = {"failed", "failure", "fail", "error", "broken"}
_SUITES = {"testsuites", "testsuite"}


def parse(data: bytes) -> TestFacts:
    """Read a report of pytest, Maven Surefire, Gradle, go-junit-report, Jest, GoogleTest or the like.

    Raises EvidenceError: `malformed`; `empty` without a single test case; `mismatch` when a suite's `tests`, or
    its `failures` and `errors`, disagree with the cases below it (counted with or without nested suites).
    """
    reader = _Reader()
    stream(data, reader, "JUnit XML")
    total = reader.total
    if not total.tests:
        raise EvidenceError("empty", "JUnit XML: not a single test case")
    return TestFacts(
        cases=total.tests,
        passed=total.tests - total.failed - total.errors - total.skipped,
        failed=total.failed,
        errors=total.errors,
        skipped=total.skipped,
        flaky=total.flaky,
        failing=tuple(reader.failing),
    )


@dataclass(slots=True)
class _Counts:
    tests: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    flaky: int = 0

    @property
    def bad(self) -> int:
        return self.failed + self.errors

    def add(self, other: _Counts) -> None:
        self.tests += other.tests
        self.failed += other.failed
        self.errors += other.errors
        self.skipped += other.skipped
        self.flaky += other.flaky


@dataclass(slots=True)
class _Suite:
    name: str
    declared_tests: int | None
    declared_bad: int | None
    direct: _Counts = field(default_factory=_Counts)
    nested: _Counts = field(default_factory=_Counts)


@dataclass(slots=True)
class _Case:
    name: str
    depth: int
    outcomes: set[str] = field(default_factory=set)


class _Reader:
    """Counts while the document streams by; keeps the open suites, the open case and a few names."""

    def __init__(self) -> None:
        self.total = _Counts()
        self.failing: list[str] = []
        self._suites: list[_Suite] = []
        self._case: _Case | None = None

    def opened(self, name: str, attributes: dict[str, str], depth: int) -> None:
        if depth == 0 and name not in _SUITES:
            raise EvidenceError("malformed", f"JUnit XML: the root is <{plain(name, 40)}>, not <testsuites>")
        if name in _SUITES and self._case is None:
            self._suites.append(_suite(name, attributes))
        elif name == "testcase":
            self._open_case(attributes, depth)
        elif self._case is not None and depth == self._case.depth + 1:
            self._outcome(name)
        elif self._case is None and name in {"failure", "error"}:
            self._suites[-1].direct.errors += 1  # a suite that broke outside of any case
            self._remember(self._suites[-1].name)

    def closed(self, name: str, depth: int) -> None:
        if self._case is not None and name == "testcase" and depth == self._case.depth:
            self._close_case(self._case)
            self._case = None
        elif name in _SUITES and self._case is None:
            self._close_suite(self._suites.pop())

    def _open_case(self, attributes: dict[str, str], depth: int) -> None:
        if self._case is not None:
            raise EvidenceError("malformed", "JUnit XML: a test case inside a test case")
        name = "::".join(part for part in (attributes.get("classname"), attributes.get("name")) if part)
        self._case = _Case(plain(name or "unnamed", 160), depth)
        status = attributes.get("status", "").lower()
        if status in _BAD_STATUS:
            self._case.outcomes.add("failed")
        if status == "notrun" or attributes.get("result", "").lower() in {"skipped", "suppressed"}:
            self._case.outcomes.add("skipped")

    def _outcome(self, name: str) -> None:
        if self._case is None:
            return
        if name in {"skipped", "disabled"}:
            self._case.outcomes.add("skipped")
        elif name in {"flakyFailure", "flakyError"}:
            self._case.outcomes.add("flaky")
        elif name in _FAILING:
            self._case.outcomes.add(_FAILING[name])

    def _close_case(self, case: _Case) -> None:
        counts = self._suites[-1].direct
        counts.tests += 1
        for outcome in ("errors", "failed", "skipped", "flaky"):
            if outcome in case.outcomes:
                setattr(counts, outcome, getattr(counts, outcome) + 1)
                break
        if case.outcomes & {"errors", "failed"}:
            self._remember(case.name)

    def _remember(self, name: str) -> None:
        if len(self.failing) < MOST_NAMES:
            self.failing.append(name)

    def _close_suite(self, suite: _Suite) -> None:
        whole_suite = _Counts()
        whole_suite.add(suite.direct)
        whole_suite.add(suite.nested)
        _agree(suite, "tests", suite.declared_tests, {whole_suite.tests, suite.direct.tests})
        _agree(suite, "failures and errors", suite.declared_bad, {whole_suite.bad, suite.direct.bad})
        (self._suites[-1].nested if self._suites else self.total).add(whole_suite)


def _suite(element: str, attributes: dict[str, str]) -> _Suite:
    where = f"JUnit XML: {element} {plain(attributes.get('name', 'unnamed'), 60)}"
    failures = whole(attributes.get("failures"), f"{where}: failures")
    errors = whole(attributes.get("errors"), f"{where}: errors")
    bad = None if failures is None and errors is None else (failures or 0) + (errors or 0)
    return _Suite(where, whole(attributes.get("tests"), f"{where}: tests"), bad)


def _agree(suite: _Suite, what: str, declared: int | None, counted: set[int]) -> None:
    if declared is not None and declared not in counted:
        numbers = " or ".join(str(number) for number in sorted(counted))
        raise EvidenceError("mismatch", f"{suite.name} declares {declared} {what}, its cases add up to {numbers}")
