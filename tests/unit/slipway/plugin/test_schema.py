"""The schema says what the models take, no more and no less."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from slipway.plugin import schema
from slipway.release.flags.exposure_inputs import ExposureInputs
from slipway.release.flags.flag_set_inputs import FlagSetInputs
from slipway.release.listener_priority import ListenerPriorityInputs
from slipway.release.migrations.inputs import MigrationsInputs
from slipway.release.release_inputs import GateSetting, ReleaseInputs
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.service_inputs import RolloutAccessInputs, ServiceInputs
from slipway.release.slo.delivery import RuleGroupInputs
from slipway.release.tokens import (
    FLAG_EXPOSURE,
    FLAG_SET,
    LISTENER_PRIORITY,
    MIGRATIONS,
    RELEASE,
    ROLLOUT,
    ROLLOUT_ACCESS,
    RULE_GROUP,
    SERVICE,
)
from tests.manifests import STRATEGIES
from tests.unit.slipway.rollout.examples import wanted

BUILT = schema.build()
MODELS: dict[str, type[BaseModel]] = {
    SERVICE: ServiceInputs,
    ROLLOUT_ACCESS: RolloutAccessInputs,
    RELEASE: ReleaseInputs,
    ROLLOUT: RolloutInputs,
    FLAG_SET: FlagSetInputs,
    RULE_GROUP: RuleGroupInputs,
    FLAG_EXPOSURE: ExposureInputs,
    LISTENER_PRIORITY: ListenerPriorityInputs,
    MIGRATIONS: MigrationsInputs,
}
PRIMITIVES: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}


def alias(model: type[BaseModel], name: str) -> str:
    return model.model_fields[name].alias or name


@pytest.mark.parametrize("token", MODELS)
def test_the_inputs_are_the_fields_of_the_model(token: str) -> None:
    model, resource = MODELS[token], BUILT["resources"][token]
    fields = {alias(model, name): info for name, info in model.model_fields.items()}
    fields = {name: info for name, info in fields.items() if name not in schema.FILLED_IN_BY_CHECK}
    assert set(resource["inputProperties"]) == set(fields)
    assert set(resource["requiredInputs"]) == {name for name, info in fields.items() if info.is_required()}


def test_a_service_takes_plain_values_and_each_is_described() -> None:
    inputs = BUILT["resources"][SERVICE]["inputProperties"]
    named = [
        "target", "namespace", "manifest", "standby", "metrics", "gatewayUrl", "probe", "run", "escalation", "gates",
        "records", "database",
    ]  # fmt: skip
    assert list(inputs) == named
    assert all(spec["plain"] and spec["description"] for spec in inputs.values())
    assert BUILT["resources"][SERVICE]["isComponent"]


def test_every_reference_leads_to_a_type_and_every_type_is_used() -> None:
    text = json.dumps(BUILT)
    for token in BUILT["types"]:
        assert f'"#/types/{token}"' in text, token
    references = {part.split('"')[0] for part in text.split('"#/types/')[1:]}
    assert references == set(BUILT["types"])


def conforms(value: object, spec: dict[str, Any], at: str = "") -> list[str]:
    """Where a value is not as a type of the schema says."""
    if spec.get("$ref") == "pulumi.json#/Any":
        return []
    if "oneOf" in spec:
        assert isinstance(value, dict), at
        if "discriminator" not in spec:  # told apart by the fields that it has
            return min((conforms(value, one, at) for one in spec["oneOf"]), key=len)
        return conforms(
            value, {"$ref": spec["discriminator"]["mapping"][value[spec["discriminator"]["propertyName"]]]}, at
        )
    if "$ref" in spec:
        return members(value, BUILT["types"][spec["$ref"].removeprefix("#/types/")], at)
    if spec["type"] == "array":
        assert isinstance(value, list), at
        return [line for index, one in enumerate(value) for line in conforms(one, spec["items"], f"{at}[{index}]")]
    if spec["type"] == "object":
        assert isinstance(value, dict), at
        return [
            line for key, one in value.items() for line in conforms(one, spec["additionalProperties"], f"{at}.{key}")
        ]
    right = isinstance(value, PRIMITIVES[spec["type"]]) and value == spec.get("const", value)
    return [] if right else [f"{at}: {value!r} is no {spec}"]


def members(value: object, spec: dict[str, Any], at: str) -> list[str]:
    assert isinstance(value, dict), at
    missing = [f"{at}.{name} is missing" for name in spec["required"] if name not in value]
    unknown = [f"{at}.{name} is unknown" for name in value if name not in spec["properties"]]
    known = {name: one for name, one in value.items() if name in spec["properties"]}
    return [
        *missing,
        *unknown,
        *(x for k, one in known.items() for x in conforms(one, spec["properties"][k], f"{at}.{k}")),
    ]


def problems(token: str, value: dict[str, Any]) -> list[str]:
    resource = BUILT["resources"][token]
    spec = {"properties": resource["inputProperties"], "required": resource["requiredInputs"]}
    return members(json.loads(json.dumps(value)), spec, "")


@pytest.mark.parametrize("kind", STRATEGIES)
def test_what_the_components_declare_conforms(kind: str) -> None:
    declared = {**wanted().to_wire(), "strategy": STRATEGIES[kind]}
    assert problems(ROLLOUT, RolloutInputs.model_validate(declared).to_wire()) == []


def test_what_the_models_refuse_does_not_conform() -> None:
    declared = wanted().to_wire()
    assert problems(ROLLOUT, {**declared, "colour": "blue"}) == [".colour is unknown"]
    assert problems(ROLLOUT, {**declared, "service": 7}) != []
    assert problems(ROLLOUT, {key: one for key, one in declared.items() if key != "candidate"}) != []


def test_a_setting_of_the_gates_conforms() -> None:
    gates = GateSetting(mode="off", reason="a stage that is thrown away").model_dump(by_alias=True, exclude_none=True)
    service = {"manifest": "a.yaml", "namespace": "shop", "metrics": {"kind": "prometheus", "url": "http://p:9090"}}
    assert problems(SERVICE, {**service, "gates": gates, "probe": {"rate": 5.0}}) == []


def test_bounds_and_choices_are_told_in_words() -> None:
    types = BUILT["types"]
    assert "more than 0, at most 50" in types["slipway:index:TrafficProbe"]["properties"]["rate"]["description"].lower()
    assert "One of enforce, off." in types["slipway:index:GateSetting"]["properties"]["mode"]["description"]


def test_what_the_schema_has_no_words_for_is_an_error() -> None:
    class Odd(BaseModel):
        pair: tuple[int, str]
        word: Literal["a"]

    with pytest.raises(ValueError, match="no words for"):
        schema._inputs(Odd, {})
