"""What the pods of a Deployment are told to run, as a digest. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from lightkube.models.core_v1 import Container, PodSpec
from lightkube.resources.apps_v1 import Deployment

_OF_CONTAINER = ("name", "image", "command", "args", "env", "envFrom", "ports", "resources", "volumeMounts")
_OF_POD = ("volumes", "serviceAccountName")


def template_digest(deployment: Deployment) -> str | None:
    """20 hex digits over containers and volumes of the template: what decides how its pods behave. Left out are fields
    that a newer API server may fill with new defaults, and metadata, which `kubectl rollout restart` changes. None
    without a template."""
    template = deployment.spec.template if deployment.spec is not None else None
    pod = template.spec if template is not None else None
    if pod is None:
        return None
    text = json.dumps(_described(pod), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _described(pod: PodSpec) -> dict[str, Any]:
    every = pod.to_dict()
    described = {key: every[key] for key in _OF_POD if key in every}
    for kind, containers in (("containers", pod.containers), ("initContainers", pod.initContainers or [])):
        described[kind] = [_container(one) for one in containers]
    return described


def _container(container: Container) -> dict[str, Any]:
    every = container.to_dict()
    return {key: every[key] for key in _OF_CONTAINER if key in every}
