"""When an object counts as ready: pure rules over the object and what belongs to it, one file a family of kinds.

The conditions are those of the Kubernetes documentation, such as
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment.
"""

from __future__ import annotations

from sandbox.standins.kubernetes.readiness import network, storage, workloads
from sandbox.standins.kubernetes.readiness.verdict import READY, Needs, Object, Related, Rule, Verdict
from sandbox.standins.kubernetes.tokens import Kind

_RULES: dict[tuple[str, str], Rule] = {
    ("apps", "DaemonSet"): Rule(workloads.daemon_set, Needs.PODS),
    ("apps", "Deployment"): Rule(workloads.deployment, Needs.PODS),
    ("apps", "StatefulSet"): Rule(workloads.stateful_set, Needs.PODS),
    ("batch", "Job"): Rule(workloads.job, Needs.PODS),
    ("", "Pod"): Rule(workloads.pod),
    ("", "PersistentVolume"): Rule(storage.volume),
    ("", "PersistentVolumeClaim"): Rule(storage.claim, Needs.STORAGE_CLASS),
    ("", "Service"): Rule(network.service, Needs.ENDPOINTS),
    ("networking.k8s.io", "Ingress"): Rule(network.ingress),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Rule(network.definition),
}

__all__ = ["READY", "Needs", "Object", "Related", "Rule", "Verdict", "rule_for"]


def rule_for(kind: Kind) -> Rule | None:
    """The rule of a kind; None for kinds that are ready as soon as they exist."""
    return _RULES.get((kind.group, kind.name))
