"""Rule `enforced`: nobody turned the gates off for those who run without the pack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.rule import Resource, ResourceRule, Surroundings, finding
from release.findings import Finding
from release.manifest.base import Part
from release.release_inputs import TYPE

NAME = "enforced"


def evaluate(resource: Resource, settings: Part, around: Surroundings) -> list[Finding]:
    """The stack's setting `releases:gates`."""
    found = resource.props.get("gates")
    setting: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    mode = setting.get("mode")
    if mode == "enforce":
        return []
    why = setting.get("reason", "no reason")
    return [
        finding(
            NAME,
            "off",
            "releases:gates",
            f"mode {mode or 'unknown'} ({why})",
            "gates that are enforced, by the provider too",
            "Remove mode: off from releases:gates in the stack's file",
            "owner",
            "critical",
        )
    ]


RULE = ResourceRule(
    name=NAME,
    title="The gates are enforced also where no pack was given",
    severity="critical",
    rows=("W2", "A3"),
    remedy="Remove mode: off from releases:gates in the stack's file",
    reads=(TYPE,),
    evaluate=evaluate,
)
