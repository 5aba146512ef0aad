"""Rule `autoscaling`: each version is scaled by one autoscaler, which is as its manifest says.

A rollout raises the minimum of that one while traffic moves and writes the declared one back, so another one, or one
with other bounds, would take pods that the way back needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.plain import plain
from policies.pods import metadata_of
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.autoscaler import MAXIMUM, MINIMUM, autoscaler_spec
from slipway.release.difference import differences
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.autoscaling import PAUSED
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.release import Release
from slipway.release.revision import names_a_revision, revision_of, workload_name

NAME = "autoscaling"
SCALERS = (
    *(f"kubernetes:autoscaling/{v}:HorizontalPodAutoscaler" for v in ("v1", "v2", "v2beta1", "v2beta2")),
    *(f"kubernetes:autoscaling/{v}:HorizontalPodAutoscalerPatch" for v in ("v1", "v2", "v2beta1", "v2beta2")),
    "kubernetes:keda.sh/v1alpha1:ScaledObject",
    "kubernetes:keda.sh/v1alpha1:ScaledObjectPatch",
)
TARGET = "spec.scaleTargetRef.name"


def evaluate(resource: Resource, settings: FrozenModel, around: Surroundings) -> list[Finding]:
    """Autoscalers over workloads of the manifests that the stack names; those over others are none of this rule's."""
    spec = _mapping(resource.props.get("spec"))
    target = _mapping(spec.get("scaleTargetRef")).get("name")
    name = metadata_of(resource).get("name")
    if resource.type.endswith("Patch"):
        theirs = names_a_revision(str(target)) or names_a_revision(str(name))
        return (
            [_finding("patched", "type", resource.type, "the autoscaler of the manifest, unchanged")] if theirs else []
        )
    for release in around.manifests.values():
        if release.workload.external is not None:
            if release.workload.external.of_version(release.version).deployment == target:
                return [*_paused(resource), *_of_external(str(name), _kind(resource), spec, release)]
        elif workload_name(release.service, revision_of(release)) == target:
            return [*_paused(resource), *_of_release(str(name), spec, release)]
    if names_a_revision(str(target)):
        what = f"{target}, which no manifest of this stack has"
        return [_finding("unknown-revision", TARGET, what, "a workload of a manifest that the stack names")]
    return []


def _of_release(name: str, spec: Mapping[str, Any], release: Release) -> Iterator[Finding]:
    scaling, workload = release.workload.autoscaling, workload_name(release.service, revision_of(release))
    if scaling is None or name != workload:
        wanted = f"{workload} alone" if scaling is not None else "none: the manifest says how many replicas there are"
        yield _finding("second", TARGET, f"{name} over {workload}", wanted)
        return
    # The minimum in the state may be what a rollout held, where a refresh has read it.
    wanted_spec, held = autoscaler_spec(scaling, workload, revision_of(release)), MINIMUM[scaling.kind]
    sides = ({key: value for key, value in side.items() if key != held} for side in (plain(spec), wanted_spec))
    for path, found, wanted in differences("spec", *sides):
        yield _finding("altered", path, found, wanted)


def _of_external(name: str, kind: str, spec: Mapping[str, Any], release: Release) -> Iterator[Finding]:
    """Of a workload that something else declares the manifest names the autoscaler and its bounds."""
    external = release.workload.external
    scaler = None if external is None else external.autoscaler
    if scaler is None or (scaler.kind, scaler.name) != (kind, name):
        wanted = "none" if scaler is None else f"{scaler.name} ({scaler.kind}) alone"
        yield _finding("second", TARGET, f"{name} ({kind})", f"{wanted}, as workload.external.autoscaler says")
        return
    for field, value in ((MINIMUM[kind], scaler.minimum), (MAXIMUM[kind], scaler.maximum)):
        if (found := plain(spec.get(field))) != value:
            yield _finding("altered", f"spec.{field}", str(found), f"{value}, as workload.external.autoscaler says")


def _paused(resource: Resource) -> Iterator[Finding]:
    for name in _mapping(metadata_of(resource).get("annotations")):
        if name.startswith(PAUSED):
            yield _finding("paused", f"metadata.annotations.{name}", "an autoscaler that stands still", "none")


def _kind(resource: Resource) -> str:
    return "keda" if resource.type.startswith("kubernetes:keda.sh/") else "hpa"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _finding(code: str, field: str, found: str, wanted: str) -> Finding:
    remedy = "Declare it in the manifest, under workload.autoscaling or workload.external.autoscaler, and nothing else"
    return finding(NAME, code, field, found, wanted, remedy)


RULE = ResourceRule(gate=CATALOG[NAME], types=SCALERS, evaluate=evaluate)
