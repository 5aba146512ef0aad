"""The ``pulumi.com/...`` annotations by which a program steers how its object is handled."""

from __future__ import annotations

from sandbox.standins.errors import InvalidInputError
from sandbox.standins.kubernetes.values import UNKNOWN, Tree

DEFAULT_TIMEOUT = 600.0  # seconds

_PREFIX = "pulumi.com/"
_POLICIES = {"foreground": "Foreground", "background": "Background", "orphan": "Orphan"}
# What these own nothing: there is nothing to wait for, and a background delete saves a round of the garbage collector.
_LEAVES = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "LimitRange",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "PriorityClass",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "Secret",
    "ServiceAccount",
    "StorageClass",
}
_REFUSED = ("waitFor", "replaceUnready", "deletedWith")


def skip_await(inputs: Tree) -> bool:
    """Neither readiness nor the end of a delete is awaited."""
    return _get(inputs, "skipAwait") == "true"


def timeout(inputs: Tree, requested: float) -> float:
    """Seconds to wait: the resource option ``custom_timeouts``, else the annotation, else ten minutes."""
    if requested > 0:
        return requested
    given = _get(inputs, "timeoutSeconds")
    return float(given) if given else DEFAULT_TIMEOUT


def patch_force(inputs: Tree) -> bool:
    """Fields that others manage are taken over."""
    return _get(inputs, "patchForce") == "true"


def field_manager(inputs: Tree) -> str | None:
    return _get(inputs, "patchFieldManager")


def propagation(inputs: Tree) -> str:
    """What becomes of the objects that a deleted one owns; the default waits for them, where there can be any."""
    policy = _get(inputs, "deletionPropagationPolicy")
    default = "background" if inputs.get("kind") in _LEAVES else "foreground"
    return _POLICIES[policy or default]


def problems(inputs: Tree) -> list[tuple[str, str]]:
    """Every (property, reason) for which an annotation cannot be obeyed."""
    found = []
    seconds = _get(inputs, "timeoutSeconds")
    if seconds is not None and not _positive(seconds):
        found.append(("timeoutSeconds", f"{seconds!r} is no positive number of seconds"))
    policy = _get(inputs, "deletionPropagationPolicy")
    if policy is not None and policy not in _POLICIES:
        found.append(("deletionPropagationPolicy", f"{policy!r} is none of {', '.join(_POLICIES)}"))
    found += [
        (name, "this stand-in does not know it: leave it out, or install the real Kubernetes provider")
        for name in _REFUSED
        if _get(inputs, name) is not None
    ]
    return [(f'metadata.annotations["{_PREFIX}{name}"]', reason) for name, reason in found]


def _get(inputs: Tree, name: str) -> str | None:
    metadata = inputs.get("metadata") if isinstance(inputs, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    value = annotations.get(_PREFIX + name) if isinstance(annotations, dict) else None
    if value is None or value is UNKNOWN:
        return None
    if not isinstance(value, str):
        raise InvalidInputError(f"annotation {_PREFIX}{name} must be a string")
    return value


def _positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False
