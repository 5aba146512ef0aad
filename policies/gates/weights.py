"""Rule `weights`: the Rollout alone writes the weights of the traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from policies.pods import metadata_of
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.labels import REVISION_LABEL, SERVICE_LABEL
from slipway.release.manifest.base import FrozenModel
from slipway.release.revision import names_a_revision, workload_name

NAME = "weights"
ROUTES = tuple(
    f"kubernetes:gateway.networking.k8s.io/{version}:{kind}{patch}"
    for version in ("v1", "v1beta1", "v1alpha2")
    for kind in ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute")
    for patch in ("", "Patch")
)
MESH = tuple(f"kubernetes:networking.istio.io/{version}:VirtualService" for version in ("v1", "v1beta1", "v1alpha3"))
SPLIT = tuple(
    f"kubernetes:split.smi-spec.io/{v}:TrafficSplit" for v in ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4")
)
OTHERS = ("kubernetes:argoproj.io/v1alpha1:Rollout", "kubernetes:flagger.app/v1beta1:Canary")
SERVICES = ("kubernetes:core/v1:Service", "kubernetes:core/v1:ServicePatch")
AWS = (
    "aws:lb/listener:Listener",
    "aws:lb/listenerRule:ListenerRule",
    "aws:alb/listener:Listener",
    "aws:alb/listenerRule:ListenerRule",
    "aws:lambda/alias:Alias",
    "aws:route53/record:Record",
)
_NO_SHARES = frozenset(
    {
        *("arn", "certificateArn", "listenerArn", "loadBalancerArn", "targetGroupArn"),
        *("conditions", "functionName", "functionVersion", "name", "records", "tags", "tagsAll", "zoneId"),
    }
)
"""Inputs of resources of AWS that hold no weight, and that a preview often does not know."""
_SHARES = frozenset({"weight", "weightedRoutingPolicies", "additionalVersionWeights", "setWeight"})


def evaluate(resource: Resource, settings: FrozenModel, around: Surroundings) -> list[Finding]:
    """Weights, splits between several backends, and routes to one revision of a service."""
    if resource.type in OTHERS:
        return [_finding("type", resource.type, "another controller that moves traffic")]
    if resource.type in SERVICES:
        return _selecting(resource)
    skipped = _NO_SHARES if resource.type in AWS else frozenset[str]()
    return [_finding(path, str(found), what) for path, found, what in _written(resource.props, "", skipped)]


def _selecting(resource: Resource) -> list[Finding]:
    """A Service over pods of releases is that of one revision; another one splits traffic by the number of pods."""
    spec = resource.props.get("spec")
    selector = spec.get("selector") if isinstance(spec, Mapping) else None
    if not isinstance(selector, Mapping) or SERVICE_LABEL not in selector:
        return []
    service, revision = selector.get(SERVICE_LABEL), selector.get(REVISION_LABEL)
    metadata = metadata_of(resource)
    if revision is not None and metadata.get("name") == workload_name(str(service), str(revision)):
        return []
    return [_finding("spec.selector", f"{service} {revision or 'of any revision'}", "a second Service over its pods")]


def _written(
    value: Any,  # noqa: ANN401 - any part of a resource
    path: str,
    skipped: AbstractSet[str],
) -> Iterator[tuple[str, object, str]]:
    if isinstance(value, Mapping):
        for key in (key for key in value if key not in skipped):
            here = f"{path}.{key}" if path else str(key)
            below = value[key]
            if key in _SHARES and below is not None:
                yield here, below, "a weight"
            elif key == "name" and isinstance(below, str) and "backendRefs" in path and names_a_revision(below):
                yield here, below, "a route to one revision"
            else:
                yield from _written(below, here, skipped)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for number, below in enumerate(value):
            yield from _written(below, f"{path}[{number}]", skipped)


def _finding(path: str, found: str, what: str) -> Finding:
    return finding(
        NAME,
        "second-writer",
        path,
        f"{found}, {what}",
        "nothing: the Rollout of the service owns its route",
        "Delete it here; describe the route in the manifest, and the steps in its strategy",
        severity="critical",
    )


RULE = ResourceRule(
    gate=CATALOG[NAME],
    types=(*ROUTES, *MESH, *SPLIT, *OTHERS, *SERVICES, *AWS),
    evaluate=evaluate,
)
