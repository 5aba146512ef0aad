from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.findings import Finding, order, plain


def _finding(**change: str) -> Finding:
    complete = {
        "gate": "tests",
        "code": "pass-rate",
        "field": "evidence.tests",
        "found": "2 of 3 passed",
        "wanted": "100%",
        "remedy": "Fix them",
        "turn": "development",
    }
    return Finding.model_validate(complete | change)


def test_a_message_names_field_found_wanted_remedy_and_turn() -> None:
    assert _finding().message == "evidence.tests: found 2 of 3 passed; wanted 100%. Fix them [development]"


@given(st.text(alphabet=st.characters(), max_size=600), st.integers(1, 100))
def test_text_is_one_bounded_line_that_can_be_printed_and_stored(text: str, limit: int) -> None:
    line = plain(text, limit)
    assert len(line) <= limit
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"} for char in line)
    line.encode()
    assert plain(line, limit) == line


@pytest.mark.parametrize("text", ["\x1b[2J", "a\u202eb", "\ud800", "\u2028", "\ufffe"])
def test_sequences_that_would_fool_a_reader_are_replaced(text: str) -> None:
    assert "\N{REPLACEMENT CHARACTER}" in _finding(found=text).found


def test_the_worst_comes_first_and_the_order_is_stable() -> None:
    low, critical = _finding(severity="low"), _finding(severity="critical", field="z")
    other = _finding(severity="critical", field="a")
    assert order([low, critical, other]) == order([other, low, critical]) == [other, critical, low]
