"""Rule `enforced`: the program neither turned the gates off nor took another stack's, for runs without the pack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.plain import plain
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.base import FrozenModel
from slipway.release.release_inputs import own_configuration
from slipway.release.tokens import RELEASE

NAME = "enforced"
REMEDY = "Remove mode: off from releases:gates in the stack's file"


def evaluate(resource: Resource, settings: FrozenModel, around: Surroundings) -> list[Finding]:
    """The stack's setting `releases:gates`: on, and by the stack's own configuration."""
    found = plain(resource.props.get("gates"))
    setting: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    mode = setting.get("mode")
    if mode != "enforce":
        what = f"mode {mode or 'unknown'} ({setting.get('reason', 'no reason')})"
        return [_finding("off", what, "gates that are enforced, by the provider too", REMEDY)]
    stack = resource.urn.partition("::")[0].rpartition(":")[2]
    config, own = setting.get("config"), own_configuration(stack)
    if config is not None and config != own:
        remedy = "Leave config out of releases:gates in the stack's file"
        return [_finding("another-configuration", f"config {config}", f"{own}, which is the stack's own", remedy)]
    return []


def _finding(code: str, found: str, wanted: str, remedy: str) -> Finding:
    return finding(NAME, code, "releases:gates", found, wanted, remedy, "owner", "critical")


RULE = ResourceRule(
    gate=CATALOG[NAME],
    types=(RELEASE,),
    evaluate=evaluate,
)
