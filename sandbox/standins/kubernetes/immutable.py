"""Which changes of inputs need a new object: what the API refuses to change, and what Pulumi replaces by choice.

The choices (Secrets and ConfigMaps, so that their readers roll with them) are the real provider's.
"""

from __future__ import annotations

from sandbox.standins.kubernetes import paths
from sandbox.standins.kubernetes.tokens import Kind

Pattern = tuple[str, ...]

_IDENTITY: tuple[Pattern, ...] = (("kind",), ("metadata", "name"), ("metadata", "namespace"))
_CONFIG_MAP: tuple[Pattern, ...] = (("data",), ("binaryData",))
_SECRET: tuple[Pattern, ...] = (("data",), ("stringData",), ("type",))

_BY_KIND: dict[tuple[str, str], tuple[Pattern, ...]] = {
    ("apps", "Deployment"): (("spec", "selector"),),
    ("apps", "DaemonSet"): (("spec", "selector"),),
    ("apps", "ReplicaSet"): (("spec", "selector"),),
    ("apps", "StatefulSet"): (
        ("spec", "podManagementPolicy"),
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "volumeClaimTemplates"),
    ),
    ("batch", "Job"): (
        ("spec", "completions"),
        ("spec", "parallelism"),
        ("spec", "selector"),
        ("spec", "template"),
    ),
    ("", "Pod"): (("spec",),),
    ("", "PersistentVolume"): (("spec", "csi"), ("spec", "hostPath"), ("spec", "local"), ("spec", "nfs")),
    ("", "PersistentVolumeClaim"): (("spec",),),
    ("", "ResourceQuota"): (("spec", "scopes"),),
    ("", "Service"): (("spec", "clusterIP"),),
    ("networking.k8s.io", "IngressClass"): (("spec", "controller"),),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io", "RoleBinding"): (("roleRef",),),
    ("scheduling.k8s.io", "PriorityClass"): (("value",),),
    ("storage.k8s.io", "StorageClass"): (
        ("parameters",),
        ("provisioner",),
        ("reclaimPolicy",),
        ("volumeBindingMode",),
    ),
}


def needs_new_object(
    kind: Kind, path: paths.Path, *, config_map_mutable: bool = False, secret_mutable: bool = False
) -> bool:
    """Whether a change at ``path`` of the inputs replaces the object."""
    patterns = _IDENTITY + _BY_KIND.get((kind.group, kind.name), ())
    if kind.group == "" and kind.name == "ConfigMap" and not config_map_mutable:
        patterns += _CONFIG_MAP
    if kind.group == "" and kind.name == "Secret":
        patterns += (("type",),) if secret_mutable else _SECRET
    return any(paths.under(path, pattern) for pattern in patterns)
