"""Rule `flag-used`: every flag is still evaluated, where the stack says where that is counted."""

from __future__ import annotations

from collections.abc import Mapping

from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.base import FrozenModel
from slipway.release.tokens import FLAG_SET

NAME = "flag-used"


def evaluate(resource: Resource, settings: FrozenModel, around: Surroundings) -> list[Finding]:
    """Flags that are not evaluated, or of which that could not be asked, as the check of the set found out."""
    if resource.props.get("used") is None:
        return []
    observed = resource.props.get("observed")
    if not isinstance(observed, Mapping):
        return [_finding("unobserved", "used", "no answer of the plugin", "Use the plugin of this Slipway")]
    unused = observed.get("unused")
    if not isinstance(unused, Mapping):
        return []
    remedy = "Take it out of the code and then out of its file, or correct releases:flags used.query"
    return [_finding("unused", f"flags.{key}", str(unused[key]), remedy) for key in unused]


def _finding(code: str, field: str, said: str, remedy: str) -> Finding:
    return finding(NAME, code, field, said, "evaluations within used.within", remedy, "owner", "low")


RULE = ResourceRule(gate=CATALOG[NAME], types=(FLAG_SET,), evaluate=evaluate)
