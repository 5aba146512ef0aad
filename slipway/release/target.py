"""Where a service is released: a plain value that settings, inputs, the id of a Rollout and the watchdog share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from slipway.release.errors import InputError, Problem
from slipway.release.manifest.base import FrozenModel

DnsLabel = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
DEFAULT_NAME = "default"
NOT_RECORDED = "the recorded state does not name it"
NOT_IMPORTED = "A Rollout is not imported: declare it, and its first update finds the journal"


class KubernetesTarget(FrozenModel):
    """A namespace of a cluster. `name` is what the project calls the cluster, and identifies it; `context` is how it is
    reached from here, so that another context of the same cluster replaces nothing."""

    kind: Literal["kubernetes"] = "kubernetes"
    name: Annotated[
        DnsLabel, Field(description="The cluster's name in this project; another one is another place.")
    ] = DEFAULT_NAME
    context: Annotated[
        str | None,
        Field(min_length=1, description="Context of the kubeconfig; that of the environment when left out."),
    ] = None
    namespace: Annotated[DnsLabel, Field(description="The Kubernetes namespace of the services.")]

    def identity_of(self, service: str) -> str:
        """The id of what a stack releases for a service here; without the name of the default cluster."""
        cluster = "" if self.name == DEFAULT_NAME else f"{self.name}/"
        return f"{cluster}{self.namespace}/{service}"

    def is_same_place(self, other: Target) -> bool:
        """Whether both are the same namespace of the same cluster, however it is reached."""
        return (self.kind, self.name, self.namespace) == (other.kind, other.name, other.namespace)

    def __str__(self) -> str:
        return self.namespace if self.name == DEFAULT_NAME else f"{self.name}/{self.namespace}"


Target: TypeAlias = KubernetesTarget
"""The union of the kinds, told apart by `kind`; another platform adds a class of its own beside KubernetesTarget."""


class Targeted(FrozenModel):
    """Inputs that name a target, by `namespace` alone when it is one of the default cluster: the short form. What is
    written is the short form wherever it says everything, so that inputs which were recorded before there were targets
    are no change."""

    target: Annotated[
        Target | None, Field(description="Cluster and namespace of the services; `namespace` is its short form.")
    ] = None
    namespace: Annotated[
        DnsLabel | None, Field(validate_default=True, description="The Kubernetes namespace of the services.")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, data: object) -> object:
        if not isinstance(data, dict) or data.get("namespace") is not None:
            return data
        given = data.get("target")
        plain = given.model_dump() if isinstance(given, KubernetesTarget) else given
        if not isinstance(plain, Mapping) or not isinstance(plain.get("namespace"), str):
            return data
        rest = {key: value for key, value in plain.items() if key != "namespace" and value is not None}
        usual = {"kind": "kubernetes", "name": DEFAULT_NAME}
        if any(usual.get(key) != value for key, value in rest.items()):
            return data
        return {**data, "target": None, "namespace": plain["namespace"]}

    @field_validator("namespace")
    @classmethod
    def _one_of_both(cls, namespace: str | None, info: ValidationInfo) -> str | None:
        if "target" not in info.data:
            return namespace  # the target was refused for a reason of its own
        if namespace is None and info.data["target"] is None:
            raise PydanticCustomError("missing", "Field required")
        if namespace is not None and info.data["target"] is not None:
            raise ValueError("stands beside target, which names the namespace too: leave one of them out")
        return namespace

    @property
    def where(self) -> Target:
        """The target, whichever form was given."""
        return self.target if self.target is not None else Target(namespace=self.namespace or "")


def recorded_target(recorded: Mapping[str, Any]) -> Target:
    """The target in recorded inputs or outputs, which another version may have written. Raises InputError."""
    given = recorded.get("target")
    try:
        values = given if isinstance(given, Mapping) else {"namespace": recorded.get("namespace")}
        return Target.model_validate(dict(values), extra="ignore")
    except ValidationError:
        raise InputError("Rollout", [Problem("namespace", NOT_RECORDED, NOT_IMPORTED)]) from None


NAMED_BY = ("target", "namespace")
"""The fields of recorded inputs that name the target."""


def moving_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """The changed fields by which new inputs are another resource than the old ones: another service or another place,
    so that the old one has to be deleted. Reaching the same place by another context is no such change."""
    changed = tuple(name for name in ("service", *NAMED_BY) if old.get(name) != new.get(name))
    if not any(name in changed for name in NAMED_BY):
        return changed
    try:
        same = recorded_target(old).is_same_place(recorded_target(new))
    except InputError:
        same = False
    return tuple(name for name in changed if name not in NAMED_BY) if same else changed
