"""Aliases of the sandbox's Lambda: what is refused, and which version a request is led to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws.rest.alias import problem, version_for


def alias(main: str, **weights: float) -> dict[str, Any]:
    shares = {name.removeprefix("v"): share for name, share in weights.items()}
    return {"FunctionVersion": main, "RoutingConfig": {"AdditionalVersionWeights": shares}}


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1))
def test_a_version_gets_its_share_of_what_is_drawn(drawn: float, share: float) -> None:
    assert version_for(alias("1", v2=share), drawn) == ("2" if drawn < share else "1")


def test_an_alias_without_weights_leads_to_its_version() -> None:
    assert version_for({"FunctionVersion": "7"}, 0.0) == "7"
    assert problem({"FunctionVersion": "7"}, {"7"}) == ""


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (alias("1", v2=0.1), ""),
        (alias("$LATEST"), ""),
        (alias("9"), "version 9"),
        (alias("1", v9=0.1), "version 9"),
        (alias("1", v2=0.1, v3=0.1), "at most one"),
        (alias("1", v1=0.1), "another than"),
        (alias("$LATEST", v1=0.1), "not supported"),
        (alias("1", v2=1.1), "between 0.0 and 1.0"),
    ],
)
def test_what_lambda_refuses_is_refused(wanted: dict[str, Any], said: str) -> None:
    found = problem(wanted, {"1", "2", "3"})
    assert said in found
    assert bool(found) == bool(said)
