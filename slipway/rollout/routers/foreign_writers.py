"""Who else writes an object, by the marks that controllers of GitOps, Helm and progressive delivery leave. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slipway.release.errors import ClusterError

MARKS: Mapping[str, str] = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "meta.helm.sh/release-name": "Helm",
    "rollouts.argoproj.io/gatewayapi-plugin": "Argo Rollouts",
}
"""Labels and annotations."""
MANAGERS: Mapping[str, str] = {
    "argocd": "Argo CD",
    "argo-cd": "Argo CD",
    "kustomize-controller": "Flux",
    "helm": "Helm",
    "flagger": "Flagger",
    "argo-rollouts": "Argo Rollouts",
    "rollouts-controller": "Argo Rollouts",
    "gateway-api-plugin": "Argo Rollouts",
    "terraform": "Terraform",
    "pulumi": "Pulumi",
    "kubectl-client-side-apply": "kubectl apply",
    "kubectl-edit": "",
    "kubectl-patch": "",
}
"""The beginning of a field manager's name, and who that is; empty for a person, who does not come again by itself."""


def other_writers(metadata: Mapping[str, Any]) -> list[str]:
    """Each writer that comes again by itself, with the mark that says so; `kubectl apply` is one, of some pipeline."""
    return list(dict.fromkeys(_writers(metadata)))


def refuse_other_writers(metadata: Mapping[str, Any], what: str) -> None:
    """Raises ClusterError for an object that a controller writes too. What was applied by kubectl is not refused here:
    who adopts has said that it is not applied again."""
    found = [writer for writer in _writers(metadata) if not writer.startswith("kubectl apply")]
    if found:
        raise ClusterError(f"{what} is written by {found[0]} too: end that first, two writers would undo each other")


def _writers(metadata: Mapping[str, Any]) -> Iterator[str]:
    marks = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    for mark, writer in MARKS.items():
        if mark in marks:
            yield f"{writer} ({mark}: {marks[mark]})"
    for owner in metadata.get("ownerReferences") or []:
        yield f"{owner.get('kind')} {owner.get('name')} (ownerReferences)"
    for entry in metadata.get("managedFields") or []:
        name = str(entry.get("manager") or "")
        if entry.get("subresource") or not {"f:spec", "f:rules"} & set(entry.get("fieldsV1") or {}):
            continue
        writer = next((who for start, who in MANAGERS.items() if name.lower().startswith(start)), "")
        if writer:
            yield f"{writer} (field manager {name})"
