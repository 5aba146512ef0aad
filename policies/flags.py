"""What rules read of a set of flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.rule import Resource


def flags_of(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Key and declaration of each flag of a FlagSet. Raises TypeError for what is none."""
    flags = resource.props.get("flags")
    if not isinstance(flags, Mapping):
        raise TypeError("flags is no mapping")
    for key in flags:
        flag = flags[key]
        if not isinstance(flag, Mapping):
            raise TypeError(f"flags.{key} is no mapping")
        yield str(key), flag
