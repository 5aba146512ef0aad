from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.standins.errors import InvalidInputError
from sandbox.standins.kubernetes.naming import AUTONAMED, Autonaming, is_autonamed, named

SEED = b"seed"


def name(inputs: dict[str, Any], before: dict[str, Any] | None = None, **arguments: Any) -> str:
    result = named(inputs, before or {}, arguments.pop("resource", "web"), arguments.pop("seed", SEED), **arguments)
    return str(result["metadata"]["name"])


def test_a_missing_name_is_the_resources_with_eight_hex_digits() -> None:
    assert re.fullmatch(r"web-[0-9a-f]{8}", name({}))


@given(st.binary(min_size=1))
def test_the_same_seed_gives_the_same_name(seed: bytes) -> None:
    assert name({}, seed=seed) == name({}, seed=seed)


def test_two_resources_of_one_seed_and_one_without_seed_get_names_of_their_own() -> None:
    assert len({name({}), name({}, resource="db"), name({}, seed=b""), name({}, seed=b"")}) == 4


def test_a_given_name_stays_and_is_not_marked() -> None:
    inputs = {"metadata": {"name": "mine"}}
    assert named(inputs, {}, "web", SEED) == inputs
    assert not is_autonamed(inputs)


def test_a_generated_name_is_kept_for_the_objects_life() -> None:
    first = named({"metadata": {"labels": {"a": "b"}}}, {}, "web", SEED)
    assert first["metadata"]["annotations"] == {AUTONAMED: "true"}
    assert name({}, first, seed=b"another") == first["metadata"]["name"]


def test_a_name_that_the_program_gave_before_is_not_taken_over() -> None:
    assert name({}, {"metadata": {"name": "mine"}}) != "mine"


def test_generate_name_is_the_prefix() -> None:
    result = named({"metadata": {"generateName": "job-"}}, {}, "web", SEED)
    assert re.fullmatch(r"job-[0-9a-f]{8}", result["metadata"]["name"])
    assert "generateName" not in result["metadata"]


def test_pulumis_own_proposal_is_taken() -> None:
    assert name({}, proposal=("proposed", Autonaming.ENFORCE)) == "proposed"
    assert name({}, proposal=("", Autonaming.PROPOSE)).startswith("web-")


def test_a_configuration_without_generated_names_asks_for_one() -> None:
    with pytest.raises(InvalidInputError, match=r"metadata\.name is missing"):
        name({}, proposal=("", Autonaming.DISABLE))
