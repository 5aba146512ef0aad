"""The rights that a rollout needs in the namespace of its service: the only place that lists them.

`RULES` are those of the process that carries a rollout out: the provider on the host, or the Job's pod. With
`FOLLOWER_RULES` a provider whose rollouts run in the cluster makes Jobs and reads, and can move no traffic by itself.
The components declare the Roles, the tests run with nothing else.
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
    RoleRule(
        "apps",
        ("deployments/scale",),
        ("get", "patch"),
        "replicas during a rolling rollout, and before the traffic of an autoscaled version",
    ),
    RoleRule(
        "autoscaling",
        ("horizontalpodautoscalers",),
        ("get", "patch"),
        "the least replicas of a version while traffic moves to or from it",
    ),
    RoleRule("keda.sh", ("scaledobjects",), ("get", "patch"), "the same where KEDA scales"),
    RoleRule("", ("pods",), ("list",), "why a candidate is not ready"),
    RoleRule("", ("services",), ("get",), "whether the Service of an external workload selects the pods of another"),
    RoleRule("discovery.k8s.io", ("endpointslices",), ("list",), "no traffic to what has no ready endpoint"),
)

PROXY_RULES: tuple[RoleRule, ...] = (
    RoleRule("", ("pods",), ("list",), "which proxies there are"),
    RoleRule("", ("pods/proxy",), ("get",), "the statistics of each proxy; it reads every port of the pods by GET"),
)
"""In the namespace of the gateway's proxies, and only where a stack reads these themselves."""

FOLLOWER_RULES: tuple[RoleRule, ...] = (
    RoleRule("batch", ("jobs",), ("get", "list", "create", "delete"), "one Job for each rollout"),
    RoleRule(
        "",
        ("configmaps",),
        ("get", "list", "create", "update", "patch", "delete"),
        "the order of a Job, the journal that it writes, and the word to end it",
    ),
    RoleRule("", ("pods",), ("list",), "why a Job's pod, or a candidate, does not run"),
    RoleRule("", ("events",), ("list",), "why a Job has no pod, such as a quota"),
    RoleRule("gateway.networking.k8s.io", ("httproutes",), ("get", "list"), "whether the traffic is as declared"),
    RoleRule("coordination.k8s.io", ("leases",), ("get",), "whether a Job's process is alive"),
    RoleRule("apps", ("deployments",), ("get", "list"), "drift of what serves"),
    RoleRule("discovery.k8s.io", ("endpointslices",), ("list",), "readiness of what serves"),
)
