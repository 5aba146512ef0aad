from __future__ import annotations

import json

import pytest

from slipway.release.errors import InputError
from slipway.release.run_order import RunOrder, is_attempt_of, read_order
from tests.unit.slipway.rollout.examples import serving, wanted

ORDER = RunOrder(id="a1b2c3d4", stack="releases/prod", by="ci@host", wanted=wanted(), serving=serving())


def test_an_order_is_read_as_it_was_written() -> None:
    assert read_order(ORDER.to_json()) == ORDER


def test_each_process_of_an_order_has_an_attempt_of_its_own() -> None:
    assert is_attempt_of(ORDER.id, ORDER.attempt_of("p1"))
    assert not is_attempt_of(ORDER.id, "a1b2c3d45-p1")
    assert not is_attempt_of(ORDER.id, ORDER.id)


@pytest.mark.parametrize(
    ("text", "place"),
    [("{", "order"), ("[]", ""), ("{}", "wanted"), (json.dumps({"format": 2}), "format")],
)
def test_what_is_no_order_is_refused_with_its_places(text: str, place: str) -> None:
    with pytest.raises(InputError) as error:
        read_order(text)
    assert place in {problem.path for problem in error.value.problems}
