"""Rule `gated`: traffic moves only to a release that the gates judged in this run."""

from __future__ import annotations

from policies.rule import Resource, ResourceRule, Surroundings, finding
from release.findings import Finding
from release.manifest.base import Part
from release.revision import revision_of

NAME = "gated"
ROLLOUT = "slipway:index:Rollout"


def evaluate(resource: Resource, settings: Part, around: Surroundings) -> list[Finding]:
    """The Rollout's candidate is what its manifest says, and that manifest is the one that was judged."""
    service, manifest = str(resource.props["service"]), str(resource.props["manifest"])
    judged = around.judged.get(service)
    if judged is None:
        return [_finding("unjudged", "service", f"{service} without a Release resource before it", "a Release of it")]
    if judged != manifest:
        return [_finding("unjudged", "manifest", manifest, f"{judged}, which was judged")]
    release = around.manifests.get(manifest)
    if release is None:
        return [_finding("unknown", "manifest", manifest, "a manifest that can be read and that the stack names")]
    candidate = resource.props["candidate"]
    true = {"image": release.artifact.image, "revision": revision_of(release), "version": release.version}
    return [
        _finding("altered", f"candidate.{key}", str(candidate.get(key)), f"{value}, as {manifest} says")
        for key, value in true.items()
        if candidate.get(key) != value
    ]


def _finding(code: str, field: str, found: str, wanted: str) -> Finding:
    remedy = "Declare a Release from the same manifest, and let the Rollout depend on it"
    return finding(NAME, code, field, found, wanted, remedy, severity="critical")


RULE = ResourceRule(
    name=NAME,
    title="Traffic moves only to a release that was judged",
    severity="critical",
    rows=("W2", "A3", "B1"),
    remedy="Declare a Release from the same manifest, and let the Rollout depend on it",
    reads=(ROLLOUT,),
    evaluate=evaluate,
)
