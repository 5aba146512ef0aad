"""Inputs made complete and found fit: the name, the namespace, the kind, the annotations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.standins.kubernetes import directives, naming
from sandbox.standins.kubernetes.tokens import Kind
from sandbox.standins.kubernetes.values import UNKNOWN, Secret, Tree, plain


@dataclass(frozen=True)
class Checked:
    """Inputs to go on with, and (property, reason) for each that cannot be used."""

    inputs: dict[str, Tree]
    failures: list[tuple[str, str]] = field(default_factory=list)


def check(
    news: dict[str, Tree],
    olds: dict[str, Tree],
    kind: Kind,
    *,
    resource: str,
    seed: bytes,
    default_namespace: Callable[[], str | None],
    proposal: tuple[str, naming.Autonaming] | None = None,
) -> Checked:
    """``default_namespace`` is asked only when the program gives none; None: the kind lives in no namespace."""
    inputs: dict[str, Tree] = {"apiVersion": kind.api_version, "kind": kind.name, **news}
    metadata: Any = inputs.get("metadata", {})
    if isinstance(metadata, Secret):
        metadata = metadata.value
    if metadata is UNKNOWN:
        return Checked(inputs)
    if not isinstance(metadata, dict):
        return Checked(inputs, [("metadata", "must be an object")])
    failures = _identity_problems(inputs, metadata, kind)
    if failures:
        return Checked(inputs, failures)
    inputs = dict(naming.named({**inputs, "metadata": metadata}, plain(olds), resource, seed, proposal))
    if "namespace" not in inputs["metadata"]:
        namespace = default_namespace()
        if namespace is not None:
            inputs["metadata"] = {**inputs["metadata"], "namespace": namespace}
    return Checked(inputs, directives.problems(plain(inputs)))


def _identity_problems(inputs: dict[str, Tree], metadata: dict[str, Tree], kind: Kind) -> list[tuple[str, str]]:
    found = []
    if inputs["kind"] is not UNKNOWN and inputs["kind"] != kind.name:
        found.append(("kind", f"is {inputs['kind']!r}, but the resource's type says {kind.name!r}"))
    for name in ("name", "namespace", "generateName"):
        value = plain(metadata.get(name))
        if value is not None and value is not UNKNOWN and (not isinstance(value, str) or not value):
            found.append((f"metadata.{name}", "must be a string that is not empty"))
    for name in ("labels", "annotations"):
        value = plain(metadata.get(name))
        if isinstance(value, dict):
            wrong = [key for key, each in value.items() if each is not UNKNOWN and not isinstance(each, str)]
            found += [(f'metadata.{name}["{key}"]', "must be a string: put it in quotes") for key in wrong]
    return found
