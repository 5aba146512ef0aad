"""Names of objects that the program does not name: ``<resource name>-<8 hex digits>``, kept for the object's life."""

from __future__ import annotations

import hashlib
import secrets
from enum import Enum

from sandbox.standins.errors import InvalidInputError
from sandbox.standins.kubernetes.values import Tree

AUTONAMED = "pulumi.com/autonamed"
"""The annotation that marks a generated name, as the real provider writes it."""


class Autonaming(Enum):
    """How far Pulumi's own naming configuration goes."""

    PROPOSE = 0
    ENFORCE = 1
    DISABLE = 2


def named(
    inputs: dict[str, Tree],
    before: dict[str, Tree],
    resource: str,
    seed: bytes,
    proposal: tuple[str, Autonaming] | None = None,
) -> dict[str, Tree]:
    """``inputs`` with a name: its own, the one it had ``before`` when that was generated, or a new one.

    ``resource`` is the name in the program, ``seed`` Pulumi's random seed (the same seed gives the same name).

    Raises:
        InvalidInputError: the stack's configuration forbids generated names and there is none.
    """
    metadata = dict(inputs.get("metadata") or {})
    if "name" in metadata:
        return inputs
    old = before.get("metadata") or {}
    if is_autonamed(before) and old.get("name"):
        name = old["name"]
    else:
        name = _generated(metadata.pop("generateName", None), resource, seed, proposal)
    metadata.pop("generateName", None)
    annotations = dict(metadata.get("annotations") or {}) | {AUTONAMED: "true"}
    return inputs | {"metadata": metadata | {"name": name, "annotations": annotations}}


def is_autonamed(inputs: dict[str, Tree]) -> bool:
    """Whether the name of these inputs was generated."""
    annotations = (inputs.get("metadata") or {}).get("annotations")
    return isinstance(annotations, dict) and annotations.get(AUTONAMED) == "true"


def random_hex(seed: bytes, salt: str) -> str:
    """Eight hex digits: the same for the same seed and salt, random without a seed."""
    if not seed:
        return secrets.token_hex(4)
    return hashlib.sha256(seed + salt.encode()).hexdigest()[:8]


def _generated(prefix: Tree, resource: str, seed: bytes, proposal: tuple[str, Autonaming] | None) -> str:
    if proposal is not None:
        proposed, mode = proposal
        if mode is Autonaming.DISABLE:
            raise InvalidInputError("metadata.name is missing, and this stack's configuration disables generated names")
        if proposed:
            return proposed
    start = prefix if isinstance(prefix, str) else f"{resource}-"
    return start + random_hex(seed, resource)
