"""squawk's JSON reporter: findings on PostgreSQL migrations. An empty list is an answer: nothing was found."""

from __future__ import annotations

from typing import Literal

from release.evidence import jsontext
from release.evidence.errors import EvidenceError
from release.evidence.facts import MOST_NAMES, LintFacts
from release.evidence.typed import Foreign, read
from release.findings import plain


class _Violation(Foreign):
    file: str
    line: int
    """From 0."""
    level: Literal["Error", "Warning"]
    message: str
    rule_name: str

    model_config = Foreign.model_config | {"alias_generator": None}


class _Report(Foreign):
    violations: list[_Violation]


def parse(data: bytes) -> LintFacts:
    """Read the output of `squawk --reporter json`. Raises EvidenceError `malformed` or `empty` (no bytes)."""
    value = jsontext.load(data, "squawk JSON")
    if not isinstance(value, list):
        raise EvidenceError("malformed", "squawk JSON: a list is expected")
    report = read(_Report, {"violations": value}, "squawk JSON")
    worst = sorted(report.violations, key=lambda v: (v.level, v.file, v.line))
    errors = sum(1 for violation in report.violations if violation.level == "Error")
    return LintFacts(
        errors=errors,
        warnings=len(report.violations) - errors,
        worst=tuple(plain(f"{v.file}:{v.line + 1} {v.rule_name}", 160) for v in worst[:MOST_NAMES]),
    )
