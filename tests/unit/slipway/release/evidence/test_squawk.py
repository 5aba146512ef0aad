from __future__ import annotations

import pytest

from slipway.release.evidence import squawk
from tests.unit.slipway.release.evidence.support import data, refused

NO_MESSAGE = b'[{"file": "a", "line": 0, "level": "Error", "rule_name": "r"}]'


def test_errors_come_first_and_lines_count_from_one() -> None:
    facts = squawk.parse(data("squawk.json"))
    assert (facts.errors, facts.warnings) == (1, 1)
    assert facts.worst[0] == "migrations/0042.up.sql:4 syntax-error"


def test_an_empty_list_means_that_nothing_was_found() -> None:
    assert squawk.parse(b"[]").errors == 0


@pytest.mark.parametrize(
    "content", [b"{}", b"null", b'[{"file": "a"}]', b"[1]", b'[{"level": "Fatal"}]', b"[", NO_MESSAGE, b"\xff"]
)
def test_anything_else_is_refused(content: bytes) -> None:
    refused("malformed", lambda: squawk.parse(content))


def test_no_bytes_are_no_answer() -> None:
    refused("empty", lambda: squawk.parse(b""))


def test_what_takes_away_or_locks_counts_by_its_rule_whatever_its_level() -> None:
    facts = squawk.parse(data("squawk-drops.json"))
    assert facts.errors == 0
    assert {(hit.rule, hit.danger) for hit in facts.hits} == {
        ("ban-drop-column", "takes-away"),
        ("ban-drop-table", "takes-away"),
        ("ban-drop-database", "takes-away"),
        ("renaming-column", "takes-away"),
        ("changing-column-type", "takes-away"),
        ("adding-foreign-key-constraint", "locks"),
        ("adding-not-nullable-field", "locks"),
        ("constraint-missing-not-valid", "locks"),
    }
    assert {(hit.file, hit.line) for hit in facts.hits if hit.rule == "ban-drop-table"} == {("worst.sql", 3)}


@pytest.mark.parametrize(
    ("rule", "danger"),
    [
        ("ban-drop-tablespace-of-a-later-version", "takes-away"),
        ("ban-truncate-cascade", "takes-away"),
        ("renaming-object", "takes-away"),
        ("require-concurrent-index-creation", "locks"),
        ("adding-required-field", "breaks"),
        ("ban-drop-not-null", None),
        ("prefer-text-field", None),
        ("require-lock-timeout", None),
    ],
)
def test_rules_are_known_by_name(rule: str, danger: str | None) -> None:
    assert squawk.danger_of(rule) == danger


def test_the_format_of_squawk_1_is_read() -> None:
    text = b"""[{"file": "a.sql", "line": 2, "column": 0, "level": "Warning", "rule_name": "ban-drop-table",
               "messages": [{"Note": "Dropping a table may break existing clients."}]}]"""
    assert [(hit.rule, hit.line) for hit in squawk.parse(text).hits] == [("ban-drop-table", 2)]
