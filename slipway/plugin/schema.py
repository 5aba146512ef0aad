"""The package's schema, from which Pulumi generates SDKs: the models of the inputs in Pulumi's own words.

Every input comes from a pydantic model; the outputs are listed here. Constraints that Pulumi's schema has no words for
(patterns, bounds, choices) are part of the description, and the plugin checks them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from slipway.plugin.version import VERSION
from slipway.release.flags.exposure_inputs import ExposureInputs
from slipway.release.flags.flag_set_inputs import FlagSetInputs
from slipway.release.listener_priority import OUTPUT, ListenerPriorityInputs
from slipway.release.migrations.inputs import MigrationsInputs
from slipway.release.release_inputs import ReleaseInputs
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.service_inputs import RolloutAccessInputs, ServiceInputs
from slipway.release.slo.delivery import RuleGroupInputs
from slipway.release.tokens import (
    FLAG_EXPOSURE,
    FLAG_SET,
    LISTENER_PRIORITY,
    MIGRATIONS,
    PACKAGE,
    RELEASE,
    ROLLOUT,
    ROLLOUT_ACCESS,
    RULE_GROUP,
    SERVICE,
    token,
)

Spec = dict[str, Any]

ANY: Final[Spec] = {"$ref": "pulumi.json#/Any"}
_ANY_JSON: Final = "JsonValue"
"""Pydantic's name of a value that may be anything."""
TEXT: Final[Spec] = {"type": "string"}
FILLED_IN_BY_CHECK: Final = frozenset({"observed", "evidence"})
"""Fields that the plugin writes itself: a program cannot give them."""

RELEASE_OUTPUTS: Final[Mapping[str, Spec]] = {
    "observed": ANY | {"description": "What the gates found out about artifact, budget and history."},
    "evidence": ANY | {"description": "The normalised evidence; absent where the gates are off."},
    "verdict": ANY | {"description": "What the gates said: outcome, advisory findings, exemptions that were used."},
}
_WEIGHTS: Final[Spec] = {
    "type": "object",
    "additionalProperties": {"type": "number"},
    "description": "Percent of the traffic per Kubernetes Service, as the cluster has it.",
}
_SERVING: Final[Spec] = ANY | {
    "description": "What the last completed rollout left in charge; absent before the first."
}
_OUTCOME: Final[Spec] = ANY | {
    "description": "The record of the last rollout: result, times, each step with its verdict."
}
_RECORD: Final[Spec] = ANY | {
    "description": "Number and hash of the newest release record, and of those that were lost: what a cut is found by."
}
_WATCHED: Final[Spec] = {
    "type": "object",
    "additionalProperties": {"type": "number"},
    "description": "opened and until of the watch of what serves, Unix seconds; empty where its commit opened none.",
}
ROLLOUT_OUTPUTS: Final[Mapping[str, Spec]] = {
    "weights": _WEIGHTS,
    "serving": _SERVING,
    "outcome": _OUTCOME,
    "record": _RECORD,
    "watched": _WATCHED,
}
_FLAG_RECORD: Final[Spec] = ANY | {
    "description": "Number and hash of the newest record of the set, and of those that it lost: what a cut is found by."
}
FLAG_SET_OUTPUTS: Final[Mapping[str, Spec]] = {
    "record": _FLAG_RECORD,
    "effective": ANY | {"description": "What evaluators see of each flag: default, percent, targeting, and its kill."},
}
FLAG_EXPOSURE_OUTPUTS: Final[Mapping[str, Spec]] = {
    "record": _FLAG_RECORD,
    "percent": {"type": "number", "description": "Percent of the users who get the variant by exposure."},
    "outcome": ANY | {"description": "The record of the last rollout: outcome, each step with its verdict."},
}
SERVICE_OUTPUTS: Final[Mapping[str, Spec]] = {
    "service": TEXT | {"description": "The service's name, from its manifest."},
    "version": TEXT | {"description": "The version that is released."},
    "revision": TEXT | {"description": "Hash of artifact and workload; part of the names of all objects."},
    "strategy": TEXT | {"description": "canary, blue-green or rolling."},
    **ROLLOUT_OUTPUTS,
}
ACCESS_OUTPUTS: Final[Mapping[str, Spec]] = {
    "serviceAccount": TEXT | {"description": "The ServiceAccount, bound to a Role with the rights of a rollout."}
}

RULE_GROUP_OUTPUTS: Final[Mapping[str, Spec]] = {
    "health": TEXT | {"description": "ok: every rule was evaluated by the server as it is declared."}
}
MIGRATIONS_OUTPUTS: Final[Mapping[str, Spec]] = {
    "applied": {
        "type": "array",
        "items": TEXT,
        "description": "The ids of all migrations of the release: the database has them.",
    }
}
LISTENER_PRIORITY_OUTPUTS: Final[Mapping[str, Spec]] = {
    OUTPUT: {"type": "integer", "description": "The number; no other rule of the listener has it."}
}


@cache
def text() -> str:
    """The schema as JSON, made once in a process."""
    return json.dumps(build())


def build() -> Spec:
    """The schema of the package."""
    types: dict[str, Spec] = {}
    return {
        "name": PACKAGE,
        "displayName": "Slipway",
        "version": VERSION,
        "description": "Reliable releases: a new set of immutable resources beside the old one, and a measured shift.",
        "license": "Apache-2.0",
        "keywords": ["kind/component", "category/utility"],
        "resources": {
            SERVICE: _component(ServiceInputs, SERVICE_OUTPUTS, types),
            ROLLOUT_ACCESS: _component(RolloutAccessInputs, ACCESS_OUTPUTS, types),
            RELEASE: _custom(ReleaseInputs, RELEASE_OUTPUTS, types),
            ROLLOUT: _custom(RolloutInputs, ROLLOUT_OUTPUTS, types),
            FLAG_SET: _custom(FlagSetInputs, FLAG_SET_OUTPUTS, types),
            RULE_GROUP: _custom(RuleGroupInputs, RULE_GROUP_OUTPUTS, types),
            LISTENER_PRIORITY: _custom(ListenerPriorityInputs, LISTENER_PRIORITY_OUTPUTS, types),
            MIGRATIONS: _custom(MigrationsInputs, MIGRATIONS_OUTPUTS, types),
            FLAG_EXPOSURE: _custom(ExposureInputs, FLAG_EXPOSURE_OUTPUTS, types),
        },
        "types": types,
        "language": {
            "nodejs": {"respectSchemaVersion": True},
            "python": {"respectSchemaVersion": True, "pyproject": {"enabled": True}},
        },
    }


def _component(model: type[BaseModel], outputs: Mapping[str, Spec], types: dict[str, Spec]) -> Spec:
    """Its inputs are plain: they decide which resources there are, so a preview has to know them."""
    properties, required = _inputs(model, types)
    return {
        "isComponent": True,
        "description": _line(model.__doc__),
        "inputProperties": {name: _plain(spec) for name, spec in properties.items()},
        "requiredInputs": required,
        "properties": dict(outputs),
        "required": sorted(set(outputs) - {"serving", "outcome", "record"}),
    }


def _custom(model: type[BaseModel], outputs: Mapping[str, Spec], types: dict[str, Spec]) -> Spec:
    properties, required = _inputs(model, types)
    inputs = {name: spec for name, spec in properties.items() if name not in FILLED_IN_BY_CHECK}
    return {
        "description": _line(model.__doc__),
        "inputProperties": inputs,
        "requiredInputs": required,
        "properties": {**inputs, **outputs},
        "required": required,
    }


def _inputs(model: type[BaseModel], types: dict[str, Spec]) -> tuple[dict[str, Spec], list[str]]:
    described = model.model_json_schema(by_alias=True)
    described = _without(described, FILLED_IN_BY_CHECK)
    for name, definition in described.get("$defs", {}).items():
        if name == _ANY_JSON:
            continue
        types.setdefault(token(name), _object(definition))
    found = _object(described)
    return found["properties"], found["required"]


def _without(described: Spec, dropped: frozenset[str]) -> Spec:
    """The schema of a model without some of its fields and without the types that only they use."""
    kept = {name: spec for name, spec in described["properties"].items() if name not in dropped}
    definitions: dict[str, Spec] = {}
    pending: list[Any] = [kept]
    while pending:
        for name in _referenced(pending.pop()) - definitions.keys():
            definitions[name] = described["$defs"][name]
            pending.append(definitions[name])
    return {**described, "properties": kept, "$defs": definitions}


def _referenced(spec: object) -> set[str]:
    if isinstance(spec, dict):
        own = {spec["$ref"].rpartition("/")[2]} if isinstance(spec.get("$ref"), str) else set()
        return own.union(*map(_referenced, spec.values()))
    if isinstance(spec, list):
        return set[str]().union(*map(_referenced, spec))
    return set()


def _object(definition: Spec) -> Spec:
    return {
        "type": "object",
        "description": _line(definition.get("description")),
        "properties": {name: _property(spec) for name, spec in definition["properties"].items()},
        "required": list(definition.get("required", [])),
    }


def _property(spec: Spec) -> Spec:
    """A property: its type, and in words what the type does not say."""
    notes = [*([spec["description"]] if "description" in spec else []), *_constraints(spec)]
    if spec.get("default") is not None and not isinstance(spec["default"], dict | list):
        notes.append(f"{json.dumps(spec['default'])} when left out.")
    found = _type(spec)
    if "const" in spec:
        found["const"] = spec["const"]
    return found | ({"description": _line(" ".join(notes))} if notes else {})


def _constraints(spec: Spec) -> list[str]:
    if "anyOf" in spec:
        return [note for one in spec["anyOf"] for note in _constraints(one)]
    notes = []
    if "enum" in spec:
        notes.append(f"One of {', '.join(map(str, spec['enum']))}.")
    words = {"minimum": "at least", "ge": "at least", "exclusiveMinimum": "more than", "gt": "more than"}
    words |= {"maximum": "at most", "le": "at most", "exclusiveMaximum": "less than", "lt": "less than"}
    bounds = [f"{word} {spec[key]}" for key, word in words.items() if key in spec]
    return [*notes, *([f"{', '.join(bounds)}.".capitalize()] if bounds else [])]


def _type(spec: Spec) -> Spec:
    """Raises ValueError for what Pulumi's schema cannot say, so that no model is described wrongly."""
    if "$ref" in spec:
        if spec["$ref"].rpartition("/")[2] == _ANY_JSON:
            return dict(ANY)
        return {"$ref": f"#/types/{token(spec['$ref'].rpartition('/')[2])}"}
    choices = [one for one in spec.get("anyOf") or spec.get("oneOf") or [] if one.get("type") != "null"]
    if len(choices) == 1:
        return _type(choices[0])
    if choices:
        return _union(choices, spec.get("discriminator"))
    kind = spec.get("type")
    if kind in {"string", "integer", "number", "boolean"}:
        return {"type": kind}
    if kind == "array" and "items" in spec:
        return {"type": "array", "items": _type(spec["items"])}
    if kind == "object":
        values = spec.get("additionalProperties") or next(iter(spec.get("patternProperties", {}).values()), None)
        return {"type": "object", "additionalProperties": _type(values) if isinstance(values, dict) else ANY}
    raise ValueError(f"Pulumi's schema has no words for {json.dumps(spec)[:200]}")


def _union(choices: list[Spec], discriminator: Spec | None) -> Spec:
    found: Spec = {"oneOf": [_type(one) for one in choices]}
    if discriminator is not None:
        mapping = {value: _type({"$ref": ref})["$ref"] for value, ref in discriminator["mapping"].items()}
        found["discriminator"] = {"propertyName": discriminator["propertyName"], "mapping": mapping}
    return found


def _plain(spec: Spec) -> Spec:
    nested = {key: _plain(spec[key]) for key in ("items", "additionalProperties") if isinstance(spec.get(key), dict)}
    return {**spec, **nested, "plain": True}


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
