from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given

from sandbox.standins.errors import InvalidInputError
from sandbox.standins.kubernetes.values import (
    UNKNOWN,
    Secret,
    conceal,
    from_struct,
    has_unknown,
    plain,
    redact,
    secret_texts,
    to_struct,
)
from tests.unit.sandbox.standins.kubernetes.strategies import MARKED, OBJECTS


@given(MARKED)
def test_values_survive_the_wire(tree: dict[str, Any]) -> None:
    assert from_struct(to_struct(tree)) == tree


def test_whole_numbers_come_back_as_integers() -> None:
    back = from_struct(to_struct({"replicas": 3, "ratio": 0.5}))
    assert (repr(back["replicas"]), back["ratio"]) == ("3", 0.5)


def test_nulls_in_objects_mean_absent() -> None:
    assert from_struct(to_struct({"a": None, "b": {"c": None}})) == {"b": {}}


def test_an_asset_is_refused() -> None:
    asset = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "x"}
    with pytest.raises(InvalidInputError, match="asset"):
        from_struct(struct_pb2.Struct(fields={"a": to_struct({"x": asset}).fields["x"]}))


@given(OBJECTS)
def test_what_is_concealed_reads_the_same_without_the_marks(tree: dict[str, Any]) -> None:
    hidden = conceal(tree, {key: Secret(value) for key, value in tree.items()})
    assert plain(hidden) == tree
    assert all(isinstance(value, Secret) for value in hidden.values())


def test_concealing_follows_the_place_inside_lists_and_objects() -> None:
    inputs = {"env": [{"name": "A", "value": "open"}, {"name": "B", "value": Secret("x")}]}
    live = {"env": [{"name": "A", "value": "open"}, {"name": "B", "value": "x"}], "uid": "1"}
    assert conceal(live, inputs)["env"][1] == {"name": "B", "value": Secret("x")}
    assert conceal(live, inputs)["env"][0] == live["env"][0]


def test_an_unknown_is_seen_inside_a_secret() -> None:
    assert has_unknown({"a": [Secret({"b": UNKNOWN})]})
    assert not has_unknown({"a": [Secret({"b": "known"})]})


def test_the_representation_of_a_secret_does_not_show_it() -> None:
    assert "hunter2" not in repr({"a": Secret("hunter2")})


def test_secrets_are_taken_out_of_messages() -> None:
    secrets = secret_texts({"a": Secret({"b": ["hunter2", "ab"]}), "c": "innocent"})
    assert redact("invalid value hunter2 in ab innocent", secrets) == "invalid value [secret] in ab innocent"
