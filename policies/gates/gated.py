"""Rule `gated`: traffic moves only to a release that the gates judged in this run, and only as its manifest says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.plain import plain
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.difference import differences
from slipway.release.errors import InputError
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.base import FrozenModel
from slipway.release.rollout_inputs import Backend, altered
from slipway.release.target import recorded_target
from slipway.release.tokens import ROLLOUT

NAME = "gated"


def evaluate(resource: Resource, settings: FrozenModel, around: Surroundings) -> list[Finding]:
    """Everything that a Rollout takes from its manifest (candidate, route, strategy, guardrails, analysis, retry) is
    what that manifest says, and the manifest is the one that was judged."""
    service, manifest = str(resource.props["service"]), str(resource.props["manifest"])
    judged = around.judged.get(service)
    if judged is None:
        return [_finding("unjudged", "service", f"{service} without a Release resource before it", "a Release of it")]
    if judged != manifest:
        return [_finding("unjudged", "manifest", manifest, f"{judged}, which was judged")]
    release = around.manifests.get(manifest)
    if release is None:
        return [_finding("unknown", "manifest", manifest, "a manifest that can be read and that the stack names")]
    props = plain(resource.props)
    findings = [
        _finding("altered", path, found, f"{value}, as {manifest} says")
        for path, found, value in altered(props, release)
    ]
    if (standby := props.get("standby")) is not None and not _is_named(props, service, around):
        what = f"{service} {standby.get('revision')} as standby"
        findings.append(
            _finding("unknown", "standby", what, "an earlier release as a manifest of the stack describes it")
        )
    return findings


def _is_named(props: Mapping[str, Any], service: str, around: Surroundings) -> bool:
    """Whether the standby is exactly what some manifest of the stack says."""
    try:
        target = recorded_target(props)
    except InputError:
        return False
    mine = (release for release in around.manifests.values() if release.service == service)
    return any(not [*differences("standby", props["standby"], _wire(Backend.of(one, target)))] for one in mine)


def _wire(part: FrozenModel) -> dict[str, Any]:
    return part.model_dump(mode="json", by_alias=True, exclude_none=True)


def _finding(code: str, field: str, found: str, wanted: str) -> Finding:
    remedy = "Declare a Release from the same manifest, and let the Rollout depend on it"
    return finding(NAME, code, field, found, wanted, remedy, severity="critical")


RULE = ResourceRule(
    gate=CATALOG[NAME],
    types=(ROLLOUT,),
    evaluate=evaluate,
)
