"""Rule `disruption-budget`: maintenance of the cluster never takes all replicas at once, and is never blocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policies.pods import labels_of_pods, metadata_of
from policies.rule import Resource, StackRule, finding
from release.findings import Finding
from release.manifest.base import Part

NAME = "disruption-budget"
BUDGETS = ("kubernetes:policy/v1:PodDisruptionBudget", "kubernetes:policy/v1beta1:PodDisruptionBudget")
COVERED = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")


def evaluate(resources: Sequence[Resource], settings: Part) -> list[tuple[Resource, Finding]]:
    """Workloads without a budget, and budgets that allow everything or nothing."""
    budgets = [resource for resource in resources if resource.type in BUDGETS]
    found = [(budget, one) for budget in budgets for one in _budget(budget)]
    for workload in (resource for resource in resources if resource.type in COVERED):
        if not any(_covers(budget, workload) for budget in budgets):
            found.append((workload, _uncovered(workload)))
    return found


def _budget(budget: Resource) -> list[Finding]:
    spec = budget.props.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    if most is None and least is None:
        return [_bad("spec", "neither maxUnavailable nor minAvailable")]
    if most == "100%" or least in {0, "0%"}:
        return [_bad("spec", "a budget that lets all replicas go")]
    if most in {0, "0%"} or least == "100%":
        return [_bad("spec", "a budget that lets none go, so that no node can ever be drained")]
    return []


def _covers(budget: Resource, workload: Resource) -> bool:
    spec = budget.props.get("spec")
    selector = spec.get("selector") if isinstance(spec, Mapping) else None
    labels = selector.get("matchLabels") if isinstance(selector, Mapping) else None
    if not isinstance(labels, Mapping) or not labels:
        return False
    pods = labels_of_pods(workload)
    same = metadata_of(budget).get("namespace") == metadata_of(workload).get("namespace")
    return same and all(pods.get(key) == value for key, value in labels.items())


def _uncovered(workload: Resource) -> Finding:
    return finding(
        NAME,
        "missing",
        "spec.template.metadata.labels",
        f"{workload.name} without a PodDisruptionBudget",
        "one whose matchLabels select its pods",
        "Declare a PodDisruptionBudget for it",
    )


def _bad(path: str, found: str) -> Finding:
    return finding(
        NAME, "useless", path, found, "a budget between the two", "Set workload.maxUnavailable to 1 or a share"
    )


RULE = StackRule(
    name=NAME,
    title="Every workload has a disruption budget that means something",
    severity="medium",
    rows=("W4",),
    remedy="Declare a PodDisruptionBudget",
    reads=(*BUDGETS, *COVERED),
    evaluate=evaluate,
)
