"""squawk's JSON reporter: findings on PostgreSQL migrations. An empty list is an answer: nothing was found.

squawk 2 gives the level `Warning` to almost every rule, dropped tables and databases included, and ends with exit
code 1 all the same. So what counts is the rule's name, whatever its level.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from slipway.release.evidence import jsontext
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import MOST_LINT_HITS, MOST_NAMES, LintDanger, LintFacts, LintHit
from slipway.release.evidence.typed import Foreign, read
from slipway.release.findings import plain

_TAKES_AWAY = frozenset({"changing-column-type", "ban-set-schema"})
_TAKES_AWAY_PREFIXES = ("ban-drop-", "ban-truncate", "renaming-")
_TAKES_NOTHING = frozenset(
    {f"ban-drop-{what}" for what in ("not-null", "default", "index", "policy", "constraint", "trigger")}
)
_LOCKS = frozenset(
    {
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "adding-serial-primary-key-field",
        "ban-alter-domain-with-add-constraint",
        "ban-alter-generated-expression",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "prefer-repack",
        "require-concurrent-index-creation",
        "require-concurrent-index-deletion",
        "require-concurrent-partition-detach",
        "require-concurrent-reindex",
    }
)
_BREAKS = frozenset(
    {"adding-required-field", "ban-concurrent-index-creation-in-transaction", "ban-uncommitted-transaction"}
)


def danger_of(rule: str) -> LintDanger | None:
    """What a rule warns of where that is dangerous whatever its level; None for style and for what can be waited for.

    Rules of later versions that ban a drop, a truncation or a renaming count by the beginning of their names.
    """
    if rule in _LOCKS:
        return "locks"
    if rule in _BREAKS:
        return "breaks"
    named = rule in _TAKES_AWAY or rule.startswith(_TAKES_AWAY_PREFIXES)
    return "takes-away" if named and rule not in _TAKES_NOTHING else None


class _Violation(Foreign):
    file: str
    line: int
    """From 0 in squawk 2, from 1 in squawk 1, which has `messages` in place of `message`."""
    level: Literal["Error", "Warning"]
    message: str | None = None
    messages: list[object] | None = None
    rule_name: str

    model_config = Foreign.model_config | {"alias_generator": None}

    @property
    def place(self) -> int:
        """The line, from 1."""
        return self.line + (self.messages is None)


class _Report(Foreign):
    violations: list[_Violation]


def parse(data: bytes) -> LintFacts:
    """Read the output of `squawk --reporter json`. Raises EvidenceError `malformed` or `empty` (no bytes)."""
    value = jsontext.load(data, "squawk JSON")
    if not isinstance(value, list):
        raise EvidenceError("malformed", "squawk JSON: a list is expected, the output of squawk --reporter=json")
    report = read(_Report, {"violations": value}, "squawk JSON")
    for violation in report.violations:
        if violation.message is None and violation.messages is None:
            raise EvidenceError("malformed", f"squawk JSON: {violation.rule_name} without a message")
    worst = sorted(report.violations, key=lambda v: (v.level, danger_of(v.rule_name) is None, v.file, v.line))
    errors = sum(1 for violation in report.violations if violation.level == "Error")
    hits = list(_hits(worst))
    return LintFacts(
        errors=errors,
        warnings=len(report.violations) - errors,
        worst=tuple(plain(f"{v.file}:{v.place} {v.rule_name}", 160) for v in worst[:MOST_NAMES]),
        hits=tuple(hits[:MOST_LINT_HITS]),
        omitted=max(0, len(hits) - MOST_LINT_HITS),
    )


def _hits(violations: list[_Violation]) -> Iterator[LintHit]:
    for violation in violations:
        danger = danger_of(violation.rule_name)
        if danger is not None:
            file, rule = plain(violation.file, 200), plain(violation.rule_name, 80)
            yield LintHit(rule=rule, danger=danger, file=file, line=max(0, violation.place))
