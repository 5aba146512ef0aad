"""The rights that a rollout needs in the namespace of its service: one Role, the only place that lists them.

The components declare the Role, the tests run with nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoleRule:
    """One rule of a Role, in Kubernetes' words; the core group is the empty string."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    why: str


RULES: tuple[RoleRule, ...] = (
    RoleRule(
        "gateway.networking.k8s.io",
        ("httproutes",),
        ("get", "list", "create", "update", "delete"),
        "sole writer of the service's traffic weights",
    ),
    RoleRule(
        "coordination.k8s.io",
        ("leases",),
        ("get", "create", "update", "delete"),
        "one rollout of a service at a time",
    ),
    RoleRule(
        "",
        ("configmaps",),
        ("get", "list", "create", "update", "patch", "delete"),
        "the journal, its records, the operator's intents, and the flags with their journal",
    ),
    RoleRule(
        "core.openfeature.dev",
        ("featureflags",),
        ("get", "create", "update", "delete"),
        "sole writer of the flags where their document is a FeatureFlag resource",
    ),
    RoleRule("apps", ("deployments",), ("get", "list"), "readiness of the candidate and of the version that serves"),
    RoleRule("apps", ("deployments/scale",), ("get", "patch"), "replicas during a rolling rollout"),
    RoleRule("", ("pods",), ("list",), "why a candidate is not ready"),
    RoleRule("discovery.k8s.io", ("endpointslices",), ("list",), "no traffic to what has no ready endpoint"),
)
