"""The base of every part of a manifest: frozen, camelCase in files, and an unknown field is an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
"""The name of a Kubernetes object."""

FlagKey = Annotated[str, Field(pattern=r"^[a-z][a-zA-Z0-9_-]{0,62}$")]
"""A key of a feature flag that flagd, AWS AppConfig and a label of Kubernetes all take."""

Name = Annotated[str, Field(min_length=1)]
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text without control characters."""


RequestPath = Annotated[str, Field(pattern=r"^/[^\s\x00-\x1f\x7f]*$")]
"""The path of an HTTP request: no spaces, no control characters."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean in a place that takes none; no other type accepts it as a value."""

    value: bool

    def __str__(self) -> str:
        return str(self.value).lower()


class FrozenModel(BaseModel):
    """A frozen part of a manifest or of what is sent to the Rollout resource."""

    model_config = ConfigDict(
        frozen=True,
        defer_build=True,  # each model is built when it is first used: most commands use few of them
        extra="forbid",
        allow_inf_nan=False,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _true_is_not_one(cls, data: object) -> object:
        """Pydantic takes `true` for the number 1; in a manifest that is a mistake."""
        if not isinstance(data, dict) or not any(isinstance(value, bool) for value in data.values()):
            return data
        flags = {
            key
            for name, info in cls.model_fields.items()
            if info.annotation is bool or bool in get_args(info.annotation)
            for key in (name, info.alias)
        }
        return {
            key: Flag(value) if isinstance(value, bool) and key not in flags else value for key, value in data.items()
        }
