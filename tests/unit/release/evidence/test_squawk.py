from __future__ import annotations

import pytest

from release.evidence import squawk
from tests.unit.release.evidence.support import data, refused


def test_errors_come_first_and_lines_count_from_one() -> None:
    facts = squawk.parse(data("squawk.json"))
    assert (facts.errors, facts.warnings) == (1, 1)
    assert facts.worst[0] == "migrations/0042.up.sql:4 syntax-error"


def test_an_empty_list_means_that_nothing_was_found() -> None:
    assert squawk.parse(b"[]").errors == 0


@pytest.mark.parametrize(
    "content", [b"{}", b"null", b'[{"file": "a"}]', b"[1]", b'[{"level": "Fatal"}]', b"[", b"\xff"]
)
def test_anything_else_is_refused(content: bytes) -> None:
    refused("malformed", lambda: squawk.parse(content))


def test_no_bytes_are_no_answer() -> None:
    refused("empty", lambda: squawk.parse(b""))
