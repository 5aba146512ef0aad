"""Rule `flag-writer`: the FlagSet alone writes the document of the flags.

Server-side apply by another field manager is a fence (the API server answers 409 Conflict); `pulumi.com/patchForce`
tears it down, and a killed flag would be on again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policies.pods import metadata_of
from policies.rule import Resource, StackRule
from slipway.release.findings import Finding, finding
from slipway.release.flags.flag_set_inputs import DEFAULT_NAME, journal_name
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.base import FrozenModel
from slipway.release.tokens import FLAG_SET

NAME = "flag-writer"
FORCE = "pulumi.com/patchForce"
RESOURCES = tuple(
    f"kubernetes:core.openfeature.dev/{version}:{kind}{patch}"
    for version in ("v1beta1", "v1alpha3", "v1alpha2", "v1alpha1")
    for kind in ("FeatureFlag", "FeatureFlagConfiguration")
    for patch in ("", "Patch")
)
CONFIG_MAPS = ("kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:ConfigMapPatch")

Owner = tuple[str, str]
"""Namespace and name of an object that a FlagSet writes."""


def evaluate(resources: Sequence[Resource], settings: FrozenModel) -> list[tuple[Resource, Finding]]:
    """Second writers of an object of a FlagSet, and forced writes to objects of flags."""
    sets = [one for one in resources if one.type == FLAG_SET]
    owned = {name: namespace for one in sets for namespace, name in _objects(one)}
    found = list(_twice(sets))
    for resource in resources:
        if resource.type != FLAG_SET:
            found += [(resource, one) for one in _of_object(resource, owned)]
    return found


def _objects(resource: Resource) -> Iterator[Owner]:
    namespace = _namespace(resource)
    name = str(resource.props.get("name") or DEFAULT_NAME)
    yield namespace, name
    yield namespace, journal_name(name)


def _namespace(resource: Resource) -> str:
    target = resource.props.get("target")
    given = target.get("namespace") if isinstance(target, Mapping) else None
    return str(resource.props.get("namespace") or given or "")


def _twice(sets: Sequence[Resource]) -> Iterator[tuple[Resource, Finding]]:
    known: dict[Owner, Resource] = {}
    for one in sets:
        place = next(_objects(one))
        if place in known:
            yield one, _finding("second-writer", "name", f"{place[1]}, which {known[place].name} declares too", "set")
        known.setdefault(place, one)


def _of_object(resource: Resource, owned: Mapping[str, str]) -> Iterator[Finding]:
    metadata = metadata_of(resource)
    name = metadata.get("name")
    is_owned = isinstance(name, str) and name in owned and metadata.get("namespace") in (owned[name], None)
    if is_owned:
        yield _finding("second-writer", "metadata.name", f"{name}, an object of a FlagSet", "writer")
    if resource.type in CONFIG_MAPS and not is_owned:
        return
    annotations = metadata.get("annotations")
    if isinstance(annotations, Mapping) and str(annotations.get(FORCE, "false")).lower() != "false":
        yield _finding("forced", f"metadata.annotations[{FORCE}]", str(annotations.get(FORCE)), "force")


_REMEDIES = {
    "set": "Declare each set once, with all its flags, or give one of them another name",
    "writer": "Delete it here; declare the flags in a file that releases:flags names",
    "force": "Leave the annotation out: a conflict means that a guard or a person has killed a flag",
}


def _finding(code: str, field: str, said: str, remedy: str) -> Finding:
    wanted = "nothing: the FlagSet alone writes the document of the flags"
    return finding(NAME, code, field, said, wanted, _REMEDIES[remedy], severity="critical")


RULE = StackRule(gate=CATALOG[NAME], types=(FLAG_SET, *RESOURCES, *CONFIG_MAPS), evaluate=evaluate)
