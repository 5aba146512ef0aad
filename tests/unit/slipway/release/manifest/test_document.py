"""Plain data that is written as a document reads as the same data."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.manifest.document import document_text, read_document

TEXTS = st.one_of(
    st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
    st.from_regex(r"[-+]?[0-9.]{1,4}([eE][-+]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"0[xo]?[0-9a-f]{1,4}|[0-9]{1,2}:[0-9]{2}", fullmatch=True),
    st.sampled_from(["no", "On", "null", "~", "", "true", ".inf", ".NaN", "2026-11-27", "=", "<<"]),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z"]), max_size=20),
)
NUMBERS = st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    TEXTS | NUMBERS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(values=st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), flow=st.booleans())
def test_what_is_written_reads_as_it_was(values: dict[str, object], flow: bool) -> None:
    text = document_text(values, flow=flow)
    found = read_document(text, "file.yaml")
    assert (found.data, found.problems) == (values, [])
    assert yaml.safe_load(text) == values


@pytest.mark.parametrize("text", ["12e34567", "1e5", "0o17", "12345678", "no", "1:30"])
def test_text_that_a_reader_would_take_for_something_else_is_quoted(text: str) -> None:
    assert document_text({"rollout": text}) == f"rollout: '{text}'\n"
