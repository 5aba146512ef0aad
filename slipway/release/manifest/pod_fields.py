"""Whether a part of a PodSpec is one: the fields and types of the Kubernetes API, as its generated models have them."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin

from slipway.release.manifest.document import Location
from slipway.release.manifest.problems import similar

Found = tuple[Location, str, str]
"""Place, what is wrong there, and the remedy."""


def unknown_fields(partial: Mapping[str, Any]) -> Iterator[Found]:
    """Names that the API does not know: it would drop them without an error."""
    from lightkube.models.core_v1 import PodSpec  # slow to import, and most manifests have no such part

    yield from _unknown(partial, PodSpec, ())


def wrong_types(spec: Mapping[str, Any]) -> str | None:
    """Why a whole PodSpec cannot be one, such as ``Expected `int`, got `str` - at `$.containers[0].ports``; None when
    its types are right."""
    import msgspec
    from lightkube.models.core_v1 import PodSpec

    try:
        msgspec.convert(spec, PodSpec)
    except msgspec.ValidationError as error:
        return str(error)
    return None


def _unknown(value: Any, kind: Any, place: Location) -> Iterator[Found]:  # noqa: ANN401 - JSON and its types
    kind = _without_none(kind)
    if isinstance(value, list | tuple):
        (item,) = get_args(kind) or (None,)
        for number, one in enumerate(value):
            yield from _unknown(one, item, (*place, number))
    elif isinstance(value, Mapping) and (fields := _fields(kind)):
        for name, inner in value.items():
            if name not in fields:
                yield (*place, str(name)), "is not a field of a pod's spec", similar(str(name), sorted(fields))
            else:
                yield from _unknown(inner, fields[name], (*place, name))


def _without_none(kind: Any) -> Any:  # noqa: ANN401 - a type
    if get_origin(kind) in (Union, types.UnionType):
        return next(arm for arm in get_args(kind) if arm is not type(None))
    return kind


@cache
def _fields(kind: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a type
    """Name in JSON -> type; empty for what is no structure, such as a map of labels."""
    import msgspec

    if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return {}
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
