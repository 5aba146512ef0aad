"""Rule `disruption-budget`: maintenance of the cluster never takes all replicas at once, and is never blocked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from policies.plain import plain
from policies.pods import labels_of_pods, metadata_of
from policies.rule import Resource, StackRule
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.base import FrozenModel

NAME = "disruption-budget"
BUDGETS = ("kubernetes:policy/v1:PodDisruptionBudget", "kubernetes:policy/v1beta1:PodDisruptionBudget")
COVERED = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")


def evaluate(resources: Sequence[Resource], settings: FrozenModel) -> list[tuple[Resource, Finding]]:
    """Workloads without a budget, and budgets that allow everything or nothing."""
    budgets = [resource for resource in resources if resource.type in BUDGETS]
    workloads = [resource for resource in resources if resource.type in COVERED]
    found = []
    for budget in budgets:
        covered = [workload for workload in workloads if _covers(budget, workload)]
        found += [(budget, one) for one in _budget(budget, covered)]
    alone = [workload for workload in workloads if not any(_covers(budget, workload) for budget in budgets)]
    return found + [(workload, _uncovered(workload)) for workload in alone]


def _budget(budget: Resource, workloads: Sequence[Resource]) -> list[Finding]:
    spec = budget.props.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    most, least = plain(spec.get("maxUnavailable")), plain(spec.get("minAvailable"))
    if most is None and least is None:
        return [_bad("spec", "neither maxUnavailable nor minAvailable")]
    if most == "100%" or least in {0, "0%"}:
        return [_bad("spec", "a budget that lets all replicas go")]
    if most in {0, "0%"} or least == "100%":
        return [_bad("spec", "a budget that lets none go, so that no node can ever be drained")]
    replicas = _replicas(workloads)
    return [] if replicas is None else _against(replicas, most, least)


def _replicas(workloads: Sequence[Resource]) -> int | None:
    """Of all workloads that a budget covers; None where one does not say, because an autoscaler sets it, and for a
    single replica, which no budget can both keep and let go."""
    counts = [
        _number(plain(spec.get("replicas"))) for one in workloads if isinstance(spec := one.props.get("spec"), Mapping)
    ]
    known = [count for count in counts if count is not None]
    total = sum(known)
    return total if len(known) == len(workloads) and total > 1 else None


def _against(replicas: int, most: Any, least: Any) -> list[Finding]:  # noqa: ANN401 - as written in the manifest
    """A number, or a share that Kubernetes rounds up to one, can come to all or none of these replicas."""
    count = _count(least if most is None else most, replicas)
    if count is None:
        return []
    gone = count if most is not None else replicas - count
    said = f"maxUnavailable {most}" if most is not None else f"minAvailable {least}"
    if gone >= replicas:
        return [_bad("spec", f"{said} of {replicas} replicas: a budget that lets all of them go")]
    if gone <= 0:
        return [_bad("spec", f"{said} of {replicas} replicas: a budget that lets none go, so no node can be drained")]
    return []


def _count(value: Any, replicas: int) -> int | None:  # noqa: ANN401 - as written in the manifest
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
        return math.ceil(int(value[:-1]) * replicas / 100)
    return _number(value)


def _number(value: Any) -> int | None:  # noqa: ANN401 - as written in the manifest
    return value if isinstance(value, int) and not isinstance(value, bool) else None


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
        NAME,
        "useless",
        path,
        found,
        "a budget between the two",
        "Set workload.maxUnavailable to 1 or a share below 100%",
    )


RULE = StackRule(
    gate=CATALOG[NAME],
    types=(*BUDGETS, *COVERED),
    evaluate=evaluate,
)
