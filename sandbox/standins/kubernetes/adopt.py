"""Inputs for an object that Pulumi did not make, or lost: what was declared about it, as far as the object tells."""

from __future__ import annotations

import json
from typing import Any

from sandbox.standins.kubernetes.values import Tree

MANAGER_PREFIX = "pulumi-kubernetes"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SERVER_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)

Object = dict[str, Any]


def declared(live: Object) -> Object:
    """The inputs of a live object.

    The fields that server-side apply records as declared; else kubectl's last applied configuration; else everything
    but what only the server writes.
    """
    applied = [entry for entry in _managed(live) if entry.get("operation") == "Apply" and not entry.get("subresource")]
    if applied:
        inputs: Object = {}
        for entry in applied:
            inputs = _merged(inputs, _owned(live, entry.get("fieldsV1") or {}))
        return _with_identity(inputs, live)
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    if _LAST_APPLIED in annotations:
        return _with_identity(json.loads(annotations[_LAST_APPLIED]), live)
    return _with_identity({key: value for key, value in live.items() if key != "status"}, live)


def manager(live: Object) -> str | None:
    """The field manager under which a Pulumi applied the object before."""
    names = (entry.get("manager", "") for entry in _managed(live) if entry.get("operation") == "Apply")
    return next((name for name in names if name.startswith(MANAGER_PREFIX)), None)


def without_managed_fields(live: Object) -> Object:
    """The object without the bookkeeping of server-side apply, which is not read and long."""
    metadata = {key: value for key, value in (live.get("metadata") or {}).items() if key != "managedFields"}
    return live | {"metadata": metadata}


def _managed(live: Object) -> list[Object]:
    return (live.get("metadata") or {}).get("managedFields") or []


def _with_identity(inputs: Object, live: Object) -> Object:
    metadata = {key: value for key, value in (inputs.get("metadata") or {}).items() if key not in _SERVER_METADATA}
    annotations = dict(metadata.pop("annotations", None) or {})
    for machine_written in (_LAST_APPLIED, "deployment.kubernetes.io/revision"):
        annotations.pop(machine_written, None)
    if annotations:
        metadata["annotations"] = annotations
    for key in ("name", "namespace"):
        if key in live["metadata"]:
            metadata[key] = live["metadata"][key]
    return inputs | {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}


def _owned(value: Tree, fields: Object) -> Tree:
    """The part of ``value`` that a FieldsV1 set covers (keys ``f:<member>``, ``k:<list key>``, ``v:<set member>``)."""
    if not any(key != "." for key in fields):
        return value
    if isinstance(value, dict):
        members = {key[2:]: inner for key, inner in fields.items() if key.startswith("f:")}
        return {key: _owned(value[key], inner) for key, inner in members.items() if key in value}
    if isinstance(value, list):
        return _owned_items(value, fields)
    return value


def _owned_items(items: list[Tree], fields: Object) -> list[Tree]:
    keys = [(json.loads(key[2:]), inner) for key, inner in fields.items() if key.startswith("k:")]
    members = [json.loads(key[2:]) for key in fields if key.startswith("v:")]
    found = []
    for item in items:
        inner = next((inner for key, inner in keys if isinstance(item, dict) and key.items() <= item.items()), None)
        if inner is not None:
            found.append(_owned(item, inner))
        elif item in members:
            found.append(item)
    return found


def _merged(first: Tree, second: Tree) -> Tree:
    if isinstance(first, dict) and isinstance(second, dict):
        both = dict(first)
        for key, value in second.items():
            both[key] = _merged(first[key], value) if key in first else value
        return both
    return second
