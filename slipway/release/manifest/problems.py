"""What pydantic found -> problems with the place in the file, a plain message and a remedy."""

# ruff: noqa: ANN401  (annotations are the values that this file walks over)
from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from slipway.release.errors import Problem
from slipway.release.manifest.base import Flag
from slipway.release.manifest.document import Document, Location, show_location


def problems_of(
    error: ValidationError,
    model: type[BaseModel],
    document: Document,
    remedies: Mapping[str, str],
    *,
    secret: bool = False,
) -> list[Problem]:
    """Every error of one validation of `model`, one problem a place. `remedies` maps a place without indices
    (`strategy.steps`) to what to write there; the nearest one around the place is used. With `secret` the values are
    not shown."""
    found: dict[Location, Problem] = {}
    for details in error.errors(include_url=False):
        if _only_its_items_failed(details):
            continue
        location, holder = _place(model, details["loc"])
        location, message, remedy = _explained(details, location, holder)
        if not secret and details["type"] not in _SAID:
            message += _found(details, message)
        remedy = remedy or _nearest(location, remedies)
        if location in found:
            first = found[location]
            message, remedy = f"{first.message}, or it {message}", first.remedy
        found[location] = Problem(show_location(location), message, remedy, document.line(location))
    return list(found.values())


def similar(word: str, known: list[str]) -> str:
    """`Did you mean weight?`, or the list of what is known."""
    squeezed = {name.lower().replace("-", ""): name for name in known}
    close = difflib.get_close_matches(word.lower().replace("_", "").replace("-", ""), squeezed, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {squeezed[close[0]]}?"
    return f"Remove it; known here: {', '.join(known)}"


def _explained(details: ErrorDetails, location: Location, holder: Any) -> tuple[Location, str, str]:
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    message, remedy = _must(details["msg"]), ""
    match kind:
        case "missing":
            message = "is missing"
        case "extra_forbidden":
            message, remedy = "is not a known field", similar(str(location[-1]), _fields(holder))
        case "union_tag_invalid":
            location = (*location, "kind")
            message, remedy = (
                f"{context['tag']} is not known",
                f"Choose one of: {context['expected_tags']}".replace("'", ""),
            )
        case "union_tag_not_found":
            location, message = (*location, "kind"), "is missing"
        case "string_type" if isinstance(value, Flag | bool | int | float):
            message, remedy = f"must be text, but YAML reads {str(value).lower()} as {_noun(value)}", "Quote it"
        case "model_type" | "model_attributes_type" | "dict_type":
            message = "must be a mapping of fields"
        case "tuple_type" | "list_type":
            message = "must be a list"
        case "too_short":
            message = "must not be empty"
        case "value_error":
            message = str(context["error"])
    return location, message, remedy


_SAID = frozenset({"missing", "extra_forbidden", "union_tag_invalid", "union_tag_not_found", "too_short"})
"""Errors that are not about a value, or whose message names it."""
LONGEST = 60


def _found(details: ErrorDetails, message: str) -> str:
    """What stands there, unless the message names it or it is no single value that one could show."""
    value, own = details["input"], details["type"] == "value_error"
    if isinstance(value, Flag | bool):
        shown = str(value).lower()
    elif isinstance(value, str):
        shown = repr(value)
    elif isinstance(value, int | float):
        shown = str(value)
    elif value is None:
        shown = "nothing"
    else:
        shown = "" if own else "a mapping" if isinstance(value, dict) else "a list"
    if not shown or len(shown) > LONGEST or (own and shown in message) or "YAML reads" in message:
        return ""
    return f" (found {shown})"


def _only_its_items_failed(details: ErrorDetails) -> bool:
    """Pydantic calls a list too short when its items are refused; these speak for themselves."""
    return details["type"] == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]


def _must(message: str) -> str:
    for noun in ("Input", "String", "Value", "Tuple", "Dictionary"):
        if message.startswith(f"{noun} should "):
            return f"must {message.removeprefix(f'{noun} should ')}"
    return message[:1].lower() + message[1:]


def _noun(value: object) -> str:
    return "a yes or no" if isinstance(value, Flag | bool) else "a number"


def _nearest(location: Location, remedies: Mapping[str, str]) -> str:
    names = [item for item in location if isinstance(item, str)]
    for end in range(len(names), 0, -1):
        remedy = remedies.get(".".join(names[:end]))
        if remedy:
            return remedy
    return "Correct it"


def _place(model: type[BaseModel], loc: tuple[str | int, ...]) -> tuple[Location, Any]:
    """Pydantic's location without the labels of unions, and the model that holds the last item."""
    location: list[str | int] = []
    current: Any = model
    holder: Any = model
    for item in loc:
        current = _bare(current)
        if _is_union(current):
            current = next((arm for arm in get_args(current) if item in _tags(arm)), None)
            if current is None:
                break
            continue
        holder = current
        following = _step(current, item)
        if following is _NOWHERE or item == "[key]":
            break
        location.append(item)
        current = following
    return tuple(location), holder


_NOWHERE = object()


def _step(current: Any, item: str | int) -> Any:
    origin = get_origin(current)
    if origin is tuple and isinstance(item, int):
        return get_args(current)[0]
    if origin is dict:
        return get_args(current)[1]
    if isinstance(current, type) and issubclass(current, BaseModel):
        by_alias = {info.alias or name: info.annotation for name, info in current.model_fields.items()}
        return by_alias.get(str(item), Any)
    return _NOWHERE


def _bare(annotation: Any) -> Any:
    """Without Annotated and without None."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif _is_union(annotation) and type(None) in get_args(annotation):
            arms = tuple(arm for arm in get_args(annotation) if arm is not type(None))
            annotation = Union[arms]  # noqa: UP007
        else:
            return annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, types.UnionType}


def _tags(arm: Any) -> tuple[object, ...]:
    if get_origin(arm) is Annotated:
        return tuple(one.tag for one in get_args(arm)[1:] if isinstance(one, Tag))
    info = arm.model_fields.get("kind") if isinstance(arm, type) and issubclass(arm, BaseModel) else None
    return get_args(info.annotation) if info is not None and get_origin(info.annotation) is Literal else ()


def _fields(holder: Any) -> list[str]:
    if isinstance(holder, type) and issubclass(holder, BaseModel):
        return [info.alias or name for name, info in holder.model_fields.items()]
    return []
