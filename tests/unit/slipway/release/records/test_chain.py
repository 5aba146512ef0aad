"""What a chain of records finds: an altered byte, a dropped line, another order; by an anchor a cut tail and a chain
that was written anew."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.records.chain import Anchor, canonical, lines_of, problems, sealed

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
CONTENTS = st.lists(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=4), min_size=1, max_size=6)


def chain_of(contents: list[dict[str, Any]]) -> list[str]:
    texts: list[str] = []
    for content in contents:
        before = lines_of(texts)[-1] if texts else None
        texts.append(sealed(content, before))
    return texts


CHAIN = chain_of([{"version": str(number), "rate": 0.1 + number} for number in range(5)])


def head_of(texts: list[str]) -> Anchor:
    return lines_of(texts)[-1].anchor


@given(CONTENTS)
def test_what_was_sealed_is_whole_whatever_it_says(contents: list[dict[str, Any]]) -> None:
    texts = chain_of(contents)
    assert problems(texts, [("the state", head_of(texts))]) == []
    for text, content in zip(texts, contents, strict=True):
        kept = {key: value for key, value in content.items() if key not in ("seq", "previous", "hash")}
        assert kept.items() <= json.loads(text).items()


@given(CONTENTS, st.data())
def test_any_altered_byte_is_found(contents: list[dict[str, Any]], data: st.DataObject) -> None:
    texts = chain_of(contents)
    number = data.draw(st.integers(0, len(texts) - 1))
    place = data.draw(st.integers(0, len(texts[number]) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda char: char != texts[number][place]))
    altered = [*texts]
    altered[number] = texts[number][:place] + other + texts[number][place + 1 :]
    assert problems(altered, [("the state", head_of(texts))])


@pytest.mark.parametrize("gone", range(4))
def test_a_dropped_line_is_found_without_an_anchor(gone: int) -> None:
    found = problems(CHAIN[:gone] + CHAIN[gone + 1 :])
    assert found[0] == f"the record {gone} is missing or out of its order: number {gone + 1} stands there"


def test_an_altered_last_line_is_found_without_an_anchor() -> None:
    altered = CHAIN[-1].replace("4.1", "4.2")
    assert problems([*CHAIN[:-1], altered]) == ["the record 4 was altered: its content has another hash than it says"]


def test_two_lines_that_were_exchanged_are_found() -> None:
    assert problems([CHAIN[1], CHAIN[0], *CHAIN[2:]])


def test_a_line_with_the_same_content_in_other_bytes_is_found() -> None:
    assert problems([json.dumps(json.loads(CHAIN[0])), *CHAIN[1:]])


def test_a_cut_tail_is_found_by_the_anchor_and_by_nothing_else() -> None:
    cut = CHAIN[:3]
    assert problems(cut) == []
    (found,) = problems(cut, [("the stack's state", head_of(CHAIN))])
    assert found == "the record 4 is missing: the stack's state knows it, the chain has 3; its end was cut off"


def test_a_chain_that_was_written_anew_is_found_by_the_anchor_and_by_nothing_else() -> None:
    anew = chain_of([{"version": f"{number}, but good"} for number in range(5)])
    assert problems(anew) == []
    (found,) = problems(anew, [("a signed record", head_of(CHAIN))])
    assert found == "the record 4 is not the one that a signed record knows: the chain was written anew"


def test_an_anchor_that_the_chain_has_grown_beyond_still_holds() -> None:
    assert problems(CHAIN, [("the state", head_of(CHAIN[:2]))]) == []


def test_what_is_no_json_is_found_and_what_follows_is_bound_to_it() -> None:
    texts = [*CHAIN[:2], "garbage"]
    texts.append(sealed({"version": "9"}, lines_of(texts)[-1]))
    assert problems(texts) == ["the record 2 is no JSON object: it was altered"]


def test_a_number_that_is_none_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"rate": float("nan")})
