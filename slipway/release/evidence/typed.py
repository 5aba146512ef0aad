"""Typed reading of foreign formats: what we read is checked, what we do not read is ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from slipway.release.evidence.errors import EvidenceError


class Foreign(BaseModel):
    """A part of a format that is not ours: strict types, camelCase, unknown fields ignored."""

    model_config = ConfigDict(
        frozen=True, defer_build=True, extra="ignore", strict=True, alias_generator=to_camel, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:  # noqa: ANN401 - JSON is anything
        """`null` for an optional field is as good as leaving it out: Go writes its nil slices so. A required field
        that is null stays an error."""
        if not isinstance(value, Mapping) or None not in value.values():
            return value
        optional = {info.alias or name for name, info in cls.model_fields.items() if not info.is_required()}
        return {key: one for key, one in value.items() if one is not None or key not in optional}


_M = TypeVar("_M", bound=BaseModel)


def read(model: type[_M], value: object, what: str) -> _M:
    """Validate `value`. Raises EvidenceError `malformed` that names the first three fields that are wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'document'}: {e['msg']}" for e in error.errors()[:3]
        )
        more = f" and {error.error_count() - 3} more" if error.error_count() > 3 else ""
        raise EvidenceError("malformed", f"{what}: {first}{more}") from None
    except RecursionError:
        raise EvidenceError("malformed", f"{what}: nested too deeply") from None
