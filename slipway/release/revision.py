"""The revision: what a version *is*. It names every resource of the workload, so a change is always `+ create`."""

from __future__ import annotations

import hashlib
import json

from slipway.release.manifest.release import Release
from slipway.release.strategy import chosen
from slipway.release.target import EcsTarget, LambdaTarget, Target

REVISION_LENGTH = 20
"""Hex digits, 80 bits: a second manifest of the same revision would be taken for one that completed here, so none may
be found by trying. With a service name of 40 characters it still is a DNS label."""
FORMER_LENGTHS = (8,)
"""Of revisions that earlier versions made: workloads and journals still have them."""
TARGET_GROUP_LENGTH = 32
"""Characters of the name of a target group at most."""
SHORT_LENGTH = 10
"""Hex digits in the name of a target group, of the revision and where it is released. Two that share them cannot exist
beside each other: AWS refuses the second group of a name."""
TEMPLATE = 2
"""Raise it with every change of what components/workload.py renders from the same manifest: a running workload
is never patched in place, not by a new version of Slipway either. The same goes for a changed default, while a new
field with a default changes no revision."""


def revision_of(release: Release) -> str:
    """Hex digits over artifact and workload; for rolling also that the Rollout scales the replicas.

    Whether `spec.replicas` is declared differs between rolling and the other strategies; handing that field
    over in place would let the API server default it to 1 under traffic, so the two are different revisions.
    """
    content = {
        "template": TEMPLATE,
        "image": release.artifact.image,
        "workload": release.workload.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "scaledByRollout": scaled_by_rollout(release),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:REVISION_LENGTH]


def scaled_by_rollout(release: Release) -> bool:
    """Whether `spec.replicas` is undeclared and belongs to the Rollout."""
    return chosen(release).kind == "rolling"


def declared_replicas(release: Release) -> int | None:
    """`spec.replicas` of the Deployment; None where it belongs to the Rollout, or to an autoscaler."""
    return None if scaled_by_rollout(release) else release.workload.replicas


def is_revision(text: str) -> bool:
    """Whether this is the form of a revision, also of an earlier version's."""
    lengths = (REVISION_LENGTH, *FORMER_LENGTHS)
    return len(text) in lengths and all(digit in "0123456789abcdef" for digit in text)


def names_a_revision(name: str) -> bool:
    """Whether a name is that of a workload of one revision, by its form."""
    service, _, revision = name.rpartition("-")
    return bool(service) and is_revision(revision)


def workload_name(service: str, revision: str) -> str:
    """The name of Deployment, Service, PodDisruptionBudget and ConfigMap of one revision."""
    return f"{service}-{revision}"


def entry_name(service: str, revision: str, target: Target) -> str:
    """What the route sends to for one revision: its Service, its target group, or its version of a function."""
    if isinstance(target, EcsTarget):
        return target_group_name(service, revision, target)
    return workload_name(target.function_of(service) if isinstance(target, LambdaTarget) else service, revision)


def target_group_name(service: str, revision: str, target: EcsTarget) -> str:
    """The name of the target group of one revision. Such names are those of a whole account and region, so cluster and
    listener are in it: two stacks of one account may hold the same revision."""
    content = json.dumps([revision, target.cluster, target.listener])
    return f"{service}-{hashlib.sha256(content.encode()).hexdigest()[:SHORT_LENGTH]}"
