from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.standins.errors import InvalidInputError, StandInError
from sandbox.standins.flagd.source import Source

FLAGS = {"flags": {"new-cart": {"state": "ENABLED", "variants": {"on": True}}}}
CONFIG_MAP = Source("configmap", "shop", "flags")


def test_a_feature_flag_resource_is_named_as_flagd_names_it() -> None:
    source = Source.parse("core.openfeature.dev/shop/flags")
    assert source.collection == "/apis/core.openfeature.dev/v1beta1/namespaces/shop/featureflags"
    assert json.loads(source.document({"spec": {"flagSpec": FLAGS}})) == FLAGS


def test_a_config_map_holds_the_document_as_text() -> None:
    source = Source.parse("configmap/shop/flags")
    assert source == CONFIG_MAP
    assert source.collection == "/api/v1/namespaces/shop/configmaps"
    text = json.dumps(FLAGS)
    assert source.document({"data": {"flags.json": text, "README": "x"}}) == text


@pytest.mark.parametrize(
    "uri", ["file:flags.json", "configmap/flags", "configmap/shop/", "configmap/a/b/c", "configmap/A/b"]
)
def test_any_other_address_is_refused_with_the_forms_that_there_are(uri: str) -> None:
    with pytest.raises(
        InvalidInputError, match=r"write core\.openfeature\.dev/NAMESPACE/NAME or configmap/NAMESPACE/NAME"
    ):
        Source.parse(uri)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "has 0 keys that end in .json"),
        ({"a.json": "{}", "b.json": "{}"}, "has 2 keys that end in .json"),
        ({"a.json": "{"}, "holds no JSON"),
        ({"a.json": "[]"}, "holds JSON that is no object"),
    ],
)
def test_a_config_map_without_one_document_is_an_error(data: dict[str, str] | None, problem: str) -> None:
    with pytest.raises(StandInError, match=f"configmap/shop/flags {problem}"):
        CONFIG_MAP.document({"data": data})


@pytest.mark.parametrize("found", [{}, {"spec": {}}, {"spec": {"flagSpec": "x"}}])
def test_a_resource_without_flags_is_an_error(found: dict[str, Any]) -> None:
    with pytest.raises(StandInError, match=r"core.openfeature.dev/shop/flags has no spec.flagSpec"):
        Source.parse("core.openfeature.dev/shop/flags").document(found)
