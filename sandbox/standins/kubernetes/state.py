"""The outputs of a resource: the live object, and what the provider must remember about it."""

from __future__ import annotations

from typing import Any

from sandbox.standins.kubernetes.adopt import without_managed_fields
from sandbox.standins.kubernetes.tokens import Kind
from sandbox.standins.kubernetes.values import UNKNOWN, Secret, Tree, conceal, plain

FIELD_MANAGER = "__fieldManager"
INITIAL_API_VERSION = "__initialApiVersion"

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_ASSIGNED = ("creationTimestamp", "generation", "resourceVersion", "uid")
_ASSIGNED_TO_SERVICES = ("clusterIP", "clusterIPs")

Object = dict[str, Any]


def outputs(live: Object, inputs: dict[str, Tree], kind: Kind, manager: str) -> dict[str, Tree]:
    """Secret wherever the inputs are, and in the whole content of a Secret."""
    tree = concealed(without_managed_fields(live), inputs, kind)
    return tree | {FIELD_MANAGER: manager, INITIAL_API_VERSION: inputs.get("apiVersion", live["apiVersion"])}


def concealed(tree: dict[str, Tree], like: dict[str, Tree], kind: Kind) -> dict[str, Tree]:
    """``tree`` secret wherever ``like`` is, and in the whole content of a Secret."""
    tree = conceal(tree, like)
    return _concealed_secret(tree) if kind.group == "" and kind.name == "Secret" else tree


def live_of(recorded: dict[str, Tree]) -> dict[str, Tree]:
    """The object inside outputs."""
    return {key: value for key, value in recorded.items() if not key.startswith("__")}


def manager_of(recorded: dict[str, Tree]) -> str | None:
    found = plain(recorded.get(FIELD_MANAGER))
    return found if isinstance(found, str) else None


def identity(live: dict[str, Tree]) -> str:
    """The resource's id: ``namespace/name``, or the name alone."""
    metadata = live["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def predicted(dry: Object, inputs: dict[str, Tree], kind: Kind, *, create: bool) -> Object:
    """What a dry run tells about an update to come: what the server makes up anew each time is unknown."""
    result: Object = dict(dry)
    metadata = dict(result["metadata"])
    for key in _ASSIGNED if create else ("generation", "resourceVersion"):
        metadata[key] = UNKNOWN
    result["metadata"] = metadata
    if create:
        result.pop("status", None)
        if kind.group == "" and kind.name == "Service":
            result["spec"] = _service_spec(result.get("spec") or {}, inputs.get("spec") or {})
    return result


def assumed(inputs: dict[str, Tree], recorded: dict[str, Tree] | None, kind: Kind) -> dict[str, Tree]:
    """The outputs to show for an update when the server cannot be asked: the inputs over what was ``recorded``."""
    base: Object = inputs if recorded is None else _over(live_of(recorded), inputs)
    if not isinstance(base.get("metadata"), dict):
        return base
    return concealed(predicted(base, inputs, kind, create=recorded is None), inputs, kind)


def _over(base: Tree, top: Tree) -> Tree:
    if isinstance(base, dict) and isinstance(top, dict):
        return base | {key: _over(base[key], value) if key in base else value for key, value in top.items()}
    return top


def _service_spec(spec: Object, declared: Tree) -> Object:
    given = declared if isinstance(declared, dict) else {}
    result = dict(spec)
    if given.get("type") != "ExternalName" and "clusterIP" not in given:
        result |= {key: UNKNOWN for key in _ASSIGNED_TO_SERVICES if key not in given}
    ports = [dict(port) for port in result.get("ports") or []]
    for index, port in enumerate(ports):
        wanted = (given.get("ports") or [])[index : index + 1]
        if "nodePort" in port and not (wanted and isinstance(wanted[0], dict) and "nodePort" in wanted[0]):
            port["nodePort"] = UNKNOWN
    return result | {"ports": ports} if ports else result


def _concealed_secret(tree: dict[str, Tree]) -> dict[str, Tree]:
    result = dict(tree)
    for key in ("data", "stringData"):
        if key in result and not isinstance(result[key], Secret):
            result[key] = Secret(result[key])
    metadata = result.get("metadata")
    if isinstance(metadata, dict) and isinstance(notes := metadata.get("annotations"), dict) and _LAST_APPLIED in notes:
        result["metadata"] = {**metadata, "annotations": {**notes, _LAST_APPLIED: Secret(notes[_LAST_APPLIED])}}
    return result
