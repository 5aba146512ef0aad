"""The settings of a rule as CrossGuard's configuration schema, for `pulumi policy` and for editors.

The engine takes properties without definitions, and its defaults would hide what was set on purpose: so references are
written out, and defaults left out. What durations and shares may look like is wider than a number.
"""

# ruff: noqa: ANN401  (JSON schemas are what they are)
from __future__ import annotations

from typing import Any

from pulumi_policy import PolicyConfigSchema

from slipway.release.gating.configuration import section_model
from slipway.release.manifest.base import FrozenModel


def schema_of(rule: str, settings: type[FrozenModel]) -> PolicyConfigSchema:
    """The schema of one rule's section."""
    whole = section_model(rule, settings).model_json_schema(by_alias=True)
    definitions = whole.get("$defs", {})
    properties = {name: _plain(content, definitions) for name, content in whole.get("properties", {}).items()}
    return PolicyConfigSchema(properties=properties)


def _plain(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_plain(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _plain(definitions[value["$ref"].rpartition("/")[2]], definitions)
    kept = {key: _plain(item, definitions) for key, item in value.items() if key not in {"default", "title"}}
    if kept.get("type") == "number":
        kept["type"] = ["number", "string"]
    return kept
