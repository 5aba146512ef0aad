"""JUnit XML: the test cases are counted one by one; a header only bounds what they may be taken for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import MOST_NAMES, TestFacts
from slipway.release.evidence.junit_states import CHILDREN, NOT_STARTED, Outcome, of_attributes, took_time
from slipway.release.evidence.junit_suite import Case, Counts, Suite
from slipway.release.evidence.xmltext import stream
from slipway.release.findings import plain

_SUITES = {"testsuites", "testsuite"}
_ORDER: tuple[Outcome, ...] = ("errors", "failed", "skipped", "flaky")


def parse(data: bytes) -> TestFacts:
    """Read a report of pytest, Maven Surefire, Gradle, gotestsum, Jest, Mocha, CTest, GoogleTest or the like.

    Raises EvidenceError: `malformed`; `empty` without a single test case; `mismatch` when a suite's header declares
    more failures and errors than its cases show. Of Surefire a file without cases is an answer: it writes one for a
    class that only has nested classes.
    """
    reader = _Reader()
    stream(data, reader, "JUnit XML")
    total = reader.total
    if not total.tests and not reader.may_be_empty:
        raise EvidenceError("empty", "JUnit XML: not a single test case")
    return TestFacts(
        cases=total.tests,
        passed=total.passed,
        failed=total.failed,
        errors=total.errors,
        skipped=total.skipped,
        flaky=total.flaky,
        unlisted=total.unlisted,
        failing=tuple(reader.failing),
        repeated=tuple(reader.repeated),
    )


@dataclass(slots=True)
class _Open:
    """The test case that is being read."""

    attributes: Mapping[str, str]
    depth: int
    outcomes: set[Outcome] = field(default_factory=set)
    bad_elements: int = 0
    has_children: bool = False
    is_todo: bool = False
    go: bool = False


class _Reader:
    """Counts while the document streams by; keeps the open suites, the open case and a few names."""

    def __init__(self) -> None:
        self.total = Counts()
        self.failing: list[str] = []
        self.repeated: list[str] = []
        self.may_be_empty = False
        self._suites: list[Suite] = []
        self._case: _Open | None = None

    def opened(self, name: str, attributes: dict[str, str], depth: int) -> None:
        if depth == 0 and name not in _SUITES:
            raise EvidenceError("malformed", f"JUnit XML: the root is <{plain(name, 40)}>, not <testsuites>")
        if name in _SUITES and self._case is None:
            self._suites.append(Suite(name, attributes, self._suites[-1] if self._suites else None))
        elif name == "testcase":
            if self._case is not None:
                raise EvidenceError("malformed", "JUnit XML: a test case inside a test case")
            self._case = _Open(attributes, depth, of_attributes(attributes))
        elif self._case is not None and depth == self._case.depth + 1:
            _child(self._case, name, attributes)
        elif self._case is None and name in {"failure", "error"}:
            self._suites[-1].broke()

    def closed(self, name: str, depth: int) -> None:
        if self._case is not None and name == "testcase" and depth == self._case.depth:
            self._close_case(self._case)
            self._case = None
        elif name in _SUITES and self._case is None:
            suite = self._suites.pop()
            counts = suite.close()
            self.failing = [*self.failing, *suite.failing][:MOST_NAMES]
            self.repeated = [*self.repeated, *suite.repeated][:MOST_NAMES]
            if self._suites:
                self._suites[-1].nested.add(counts)
            else:
                self.total.add(counts)
                self.may_be_empty = suite.is_surefire and not suite.declared_tests

    def _close_case(self, case: _Open) -> None:
        outcome: Outcome = "skipped" if case.is_todo else next((o for o in _ORDER if o in case.outcomes), "passed")
        by_attribute = not case.bad_elements and outcome in {"errors", "failed"}
        attributes = case.attributes
        parts = [part for part in (attributes.get("classname"), attributes.get("name")) if part]
        self._suites[-1].add(
            Case(
                key="::".join(parts),
                name=attributes.get("name", ""),
                outcome=outcome,
                bad_elements=case.bad_elements + by_attribute,
                unsure=not case.has_children and not took_time(attributes),
                go=case.go,
            )
        )


def _child(case: _Open, name: str, attributes: Mapping[str, str]) -> None:
    outcome = CHILDREN.get(name)
    if outcome is None:
        return
    case.has_children = True
    case.outcomes.add(outcome)
    message = attributes.get("message", "")
    if outcome in {"errors", "failed"}:
        case.bad_elements += 1
        case.go = case.go or message == "Failed"
    if outcome == "skipped" and message.strip().lower() in NOT_STARTED:
        case.outcomes.add("errors")
    if name == "todo" or (outcome == "skipped" and attributes.get("type", "").lower() == "todo"):
        case.is_todo = True
