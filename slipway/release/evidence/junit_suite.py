"""One suite of a JUnit report: its cases, grouped by test where a tool lists attempts, against what its header says.

Tools count differently, so a header is a bound and no veto. It must not be worse than the cases: then something failed
that is not listed. Where it is better, the cases decide. What it counts and no case shows was not run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import MOST_NAMES
from slipway.release.evidence.junit_states import Outcome
from slipway.release.evidence.xmltext import whole
from slipway.release.findings import plain

MOST_CASES = 500_000
"""Directly in one suite: they are kept by name until it ends."""
HABITS = (
    "Look at the output and the exit code of the test run: a file that does not load or a package that does not build "
    "is counted and is no test case. Mend it, and attest only after exit code 0"
)

_GO_TEST = re.compile(r"(Test|Fuzz|Example)(\W|_|[A-Z0-9]|$)")
_SUREFIRE = ("maven-surefire-plugin", "surefire-test-report", "failsafe-test-report", "maven-failsafe-plugin")


@dataclass(slots=True)
class Case:
    """One listed test case, or one attempt of it."""

    key: str
    name: str
    outcome: Outcome
    bad_elements: int = 0
    """How many failures and errors it lists."""
    unsure: bool = False
    """Nothing shows that it was run: neither a child element nor a duration."""
    go: bool = False
    """A failure as the converters of `go test` write it."""


@dataclass(slots=True)
class Counts:
    """Tests after grouping, and what was listed for them."""

    tests: int = 0
    errors: int = 0
    failed: int = 0
    skipped: int = 0
    flaky: int = 0
    unsure: int = 0
    """Passed without a sign of having been run."""
    listed: int = 0
    """Elements, with those that only a header counts."""
    listed_skipped: int = 0
    bad_elements: int = 0
    unlisted: int = 0
    """Tests that only a header counts."""
    uncounted: int = 0
    """Tests that are listed, that the header does not count, and that nothing shows to have run."""

    @property
    def passed(self) -> int:
        """Flaky ones included."""
        return self.tests - self.errors - self.failed - self.skipped

    def add(self, other: Counts) -> None:
        """Add up."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def skip(self, number: int) -> None:
        """Count `number` of the passes as skipped instead."""
        number = min(number, self.passed)
        self.skipped += number
        self.unsure = max(0, self.unsure - number)
        self.flaky = min(self.flaky, self.passed)


@dataclass(slots=True)
class _Test:
    """All attempts under one name."""

    name: str
    attempts: dict[Outcome, int] = field(default_factory=dict)
    unsure: int = 0
    """Attempts that passed without a sign of having been run."""
    go: bool = True

    def add(self, case: Case) -> None:
        self.attempts[case.outcome] = self.attempts.get(case.outcome, 0) + 1
        self.unsure += case.unsure and case.outcome == "passed"
        self.go = self.go and (case.go or case.outcome not in {"errors", "failed"})

    def has(self, *outcomes: Outcome) -> bool:
        return any(outcome in self.attempts for outcome in outcomes)

    @property
    def number(self) -> int:
        return sum(self.attempts.values())

    def worst(self) -> Outcome:
        """Where earlier attempts carry no mark of their failure."""
        for outcome in ("errors", "failed", "skipped"):
            if outcome in self.attempts:
                return outcome
        return "flaky" if self.number > 1 or "flaky" in self.attempts else "passed"

    def retried(self) -> Outcome:
        """Where a test is run again until it passes."""
        if self.has("passed", "flaky"):
            return "flaky" if self.has("errors", "failed", "flaky") else "passed"
        return self.worst()


class Suite:
    """A suite while it is read; `close` judges it."""

    def __init__(self, element: str, attributes: Mapping[str, str], producer: Suite | None) -> None:
        name = plain(attributes.get("name", "unnamed"), 60)
        self.where = f"JUnit XML: {element} {name}"
        self.name = name
        failures = whole(attributes.get("failures"), f"{self.where}: failures")
        errors = whole(attributes.get("errors"), f"{self.where}: errors")
        self.declared_tests = whole(attributes.get("tests"), f"{self.where}: tests")
        self.declared_bad = None if failures is None and errors is None else (failures or 0) + (errors or 0)
        self.declared_skipped = max(_count(attributes.get(key)) for key in ("skipped", "disabled", "skips", "ignored"))
        self.is_pytest: bool = (producer is not None and producer.is_pytest) or name in {"pytest", "pytest tests"}
        self.is_surefire: bool = (producer is not None and producer.is_surefire) or any(
            mark in value for key, value in attributes.items() if "chema" in key for mark in _SUREFIRE
        )
        self.nested = Counts()
        self.failing: list[str] = []
        self.repeated: list[str] = []
        """Names that several cases share, of which some passed and some failed, each of them counted."""
        self._direct = Counts()
        self._tests: dict[str, _Test] = {}
        self._is_go = True

    def broke(self) -> None:
        """A failure or an error outside of any case."""
        self._direct.errors += 1
        self._direct.tests += 1
        self._direct.bad_elements += 1
        _remember(self.failing, self.where)

    def add(self, case: Case) -> None:
        """One listed case."""
        if self._direct.listed >= MOST_CASES:
            raise EvidenceError("too-large", f"{self.where} has more than {MOST_CASES} test cases")
        self._direct.listed += 1
        self._direct.listed_skipped += case.outcome == "skipped"
        self._direct.bad_elements += case.bad_elements
        self._is_go = self._is_go and _GO_TEST.match(case.name) is not None
        test = self._tests.get(case.key)
        if test is None:
            test = self._tests[case.key] = _Test(case.name)
        test.add(case)

    def close(self) -> Counts:
        """The counts with those of nested suites. Raises EvidenceError `mismatch`."""
        mode = self._mode()
        for key, test in self._tests.items():
            self._count(key, test, mode)
        self._tests = {}
        total = self._direct
        direct = (total.tests, total.listed)
        total.add(self.nested)
        if self.declared_bad is not None and self.declared_bad > total.bad_elements:
            said = f"{self.where} declares {self.declared_bad} failures and errors, its cases show {total.bad_elements}"
            raise EvidenceError("mismatch", said, HABITS)
        if self.declared_tests is not None:
            self._unlisted(total, self.declared_tests)
            counts_direct_only = direct[1] > 0 and self.declared_tests in direct
            if not counts_direct_only and not self.is_surefire:
                self._uncounted(total, self.declared_tests)
        total.skip(max(0, self.declared_skipped - max(total.skipped, total.listed_skipped)))
        return total

    def _mode(self) -> Literal["each", "worst", "retried"]:
        """How several cases of one name are understood: as tests of their own, unless the tool is known to list
        attempts or its header counts names."""
        if len(self._tests) == self._direct.listed:
            return "each"
        if self.is_pytest:
            return "worst"
        if self._is_go and self._go_reran():
            return "retried"
        if self.declared_tests == len(self._tests):
            never = sum(1 for test in self._tests.values() if test.retried() in {"errors", "failed"})
            return "retried" if self.declared_bad == never else "worst"
        return "each"

    def _go_reran(self) -> bool:
        """Names are unique in a Go package, so a second case is another attempt. With -count every test has several,
        those that passed too, and then each of them counts."""
        repeated = (test for test in self._tests.values() if test.number > 1)
        return all(test.go and ("/" in test.name or test.has("errors", "failed")) for test in repeated)

    def _count(self, key: str, test: _Test, mode: Literal["each", "worst", "retried"]) -> None:
        if mode == "each":
            counted = test.attempts
            if test.has("passed") and test.has("failed", "errors"):
                _remember(self.repeated, key)
        else:
            counted = {test.worst() if mode == "worst" else test.retried(): 1}
        total = self._direct
        for outcome, number in counted.items():
            total.tests += number
            if outcome != "passed":
                setattr(total, outcome, getattr(total, outcome) + number)
        if "passed" in counted:
            total.unsure += test.unsure
        if "failed" in counted or "errors" in counted:
            _remember(self.failing, key)

    def _unlisted(self, total: Counts, declared: int) -> None:
        """Tests that the header counts and no case shows were not run. pytest counts subtests, which passed or failed
        with their case, so of these only the ones that were skipped are missed."""
        missing = max(0, declared - total.listed)
        if self.is_pytest:
            missing = min(missing, max(0, self.declared_skipped - total.listed_skipped))
        total.tests += missing
        total.listed += missing
        total.listed_skipped += missing
        total.skipped += missing
        total.unlisted += missing

    def _uncounted(self, total: Counts, declared: int) -> None:
        """Cases beyond what the header counts, such as Jest's `todo`, count as run only where something shows it."""
        doubtful = min(max(0, total.tests - total.uncounted - declared), total.unsure)
        total.skip(doubtful)
        total.uncounted += doubtful


def _remember(names: list[str], name: str) -> None:
    if len(names) < MOST_NAMES:
        names.append(plain(name or "unnamed", 160))


def _count(text: str | None) -> int:
    """A count in a header that only some tools write as a number."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else 0
