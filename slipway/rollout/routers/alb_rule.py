"""A ListenerRule of an Application Load Balancer as plain JSON values: what is wanted, and what a live one says. Pure.

Fields: the API of Elastic Load Balancing v2 (2015-12-01), CreateRule and DescribeRules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from slipway.release.errors import ClusterError
from slipway.release.listener_rule import FINEST, has_paths, paths_of, refusals
from slipway.release.manifest.route import HeaderMatch, Match, Route
from slipway.release.manifest.strategy import Preview
from slipway.release.rollout_inputs import Backend
from slipway.release.units import percent_of
from slipway.rollout.platforms.aws.target_groups import group_name
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.parts import Json, weights

WEIGHT_SUM = 1000
"""Weights are integers from 0 to 999; this sum makes one of them 0.1%."""
LARGEST = 999


def conditions_of(route: Route, header: HeaderMatch | None = None, host: str | None = None) -> list[Json]:
    """The conditions of the users' rule; with `header` or `host` those of the preview. All of them must hold. Raises
    ClusterError that names what a rule cannot say."""
    _refuse(route, Preview(header=header))
    match = route.matches[0] if route.matches else Match()
    hosts = [host] if host is not None else list(route.hostnames)
    found: list[Json] = [{"Field": "host-header", "HostHeaderConfig": {"Values": sorted(hosts)}}]
    if has_paths(route.matches):
        paths = sorted({path for one in route.matches for path in paths_of(one)})
        found.append({"Field": "path-pattern", "PathPatternConfig": {"Values": paths}})
    if match.method is not None:
        found.append({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": [match.method]}})
    headers = sorted([*match.headers, *([header] if header is not None else [])], key=lambda one: one.name.lower())
    return found + [
        {
            "Field": "http-header",
            "HttpHeaderConfig": {"HttpHeaderName": one.name, "Values": [one.value]},
        }
        for one in headers
    ]


def targets_of(split: Split) -> dict[str, int]:
    """Weight per name of a target group. Raises ValueError for a split that is none, or finer than 0.1%."""
    fine = [share for _, share in split.shares if 0 < share < FINEST - 1e-9]
    if fine:
        raise ValueError(f"{fine[0]:g}% is finer than the {FINEST:g}% of a listener rule")
    return {backend.entry: min(weight, LARGEST) for backend, weight in weights(split, WEIGHT_SUM)}


def action_of(targets: Mapping[str, int], arns: Mapping[str, str]) -> Json:
    """The forward action: `arns` has the target groups by name."""
    groups = [{"TargetGroupArn": arns[name], "Weight": weight} for name, weight in targets.items()]
    return {
        "Type": "forward",
        "ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": False}},
    }


def live_targets(rule: Mapping[str, object]) -> dict[str, int] | None:
    """Weight per name of a target group; None when the rule does anything else than to forward without stickiness."""
    actions = rule.get("Actions")
    if not isinstance(actions, Sequence) or len(actions) != 1 or actions[0].get("Type") != "forward":
        return None
    forward = actions[0].get("ForwardConfig") or {}
    if (forward.get("TargetGroupStickinessConfig") or {}).get("Enabled"):
        return None
    groups = forward.get("TargetGroups") or [{"TargetGroupArn": actions[0].get("TargetGroupArn", "")}]
    return {group_name(group["TargetGroupArn"]): int(group.get("Weight", 1)) for group in groups}


def shares_of(targets: Mapping[str, int]) -> dict[str, float]:
    """Percent per name of a target group; 0 for one that stands in the rule without traffic."""
    total = sum(targets.values())
    return {name: round(percent_of(weight, total), 4) if total else 0.0 for name, weight in targets.items()}


def settings_of(conditions: Sequence[Json]) -> Json:
    """The conditions by field in one spelling, whatever their order and whether the API repeats the values."""
    found: Json = {}
    for one in conditions:
        field = str(one["Field"])
        config = next((value for key, value in one.items() if key.endswith("Config") and isinstance(value, dict)), {})
        name = f"{field} {str(config['HttpHeaderName']).lower()}" if "HttpHeaderName" in config else field
        found[name] = sorted(str(value) for value in config.get("Values") or one.get("Values") or [])
    return found


def hash_of(settings: Json, preview: Json | None, *, forwards: bool = True) -> str:
    """Hash of everything but the weights: conditions of both rules, the target of the preview, and whether the users'
    rule forwards at all."""
    text = json.dumps([settings, preview, forwards], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def preview_settings(route: Route, preview: tuple[Backend, Preview] | None) -> Json | None:
    """Conditions and target of the preview's rule; None when there is no preview."""
    if preview is None:
        return None
    return {"conditions": settings_of(preview_conditions(route, preview[1])), "targets": [preview[0].entry]}


def preview_conditions(route: Route, preview: Preview) -> list[Json]:
    """The conditions of the preview's rule: the users' with another host name, or one header more."""
    if preview.host is not None:
        return conditions_of(route, host=preview.host)
    return conditions_of(route, preview.header)


def overlaps(conditions: Sequence[Json], wanted: Sequence[Json]) -> bool:
    """Whether a rule has a host name and a path of another one, and asks for nothing more."""
    theirs, ours = settings_of(conditions), settings_of(wanted)
    if set(theirs) - set(ours):
        return False
    hosts = [set(one.get("host-header") or []) for one in (theirs, ours)]
    paths = [set(one.get("path-pattern") or ["/*"]) for one in (theirs, ours)]
    return (not hosts[0] or bool(hosts[0] & hosts[1])) and bool(paths[0] & paths[1])


def _refuse(route: Route, preview: Preview) -> None:
    """Raises ClusterError for what only another router has."""
    found = [f"{one.path}: {one.message}" for one in refusals(route, preview)]
    if found:
        raise ClusterError("; ".join(found))
