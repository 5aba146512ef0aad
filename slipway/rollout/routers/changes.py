"""What differs between the settings of a route as they are wanted and as they are live. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

SHOWN = 3
LONGEST = 80


def describe_changes(wanted: object, live: object) -> str:
    """A few words for each difference, with its place in the spec; empty when there is none."""
    found = list(_changes(wanted, live, ""))
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more


def _changes(wanted: object, live: object, place: str) -> Iterator[str]:
    if wanted == live:
        return
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        for key in sorted({*wanted, *live}):
            at = f"{place}.{key}" if place else str(key)
            yield from _member(wanted.get(key), live.get(key), at)
    elif _is_list(wanted) and _is_list(live) and len(wanted) == len(live):
        for index, (one, other) in enumerate(zip(wanted, live, strict=True)):
            yield from _changes(one, other, f"{place}[{index}]")
    else:
        yield f"{place} is {_shown(live)}, not {_shown(wanted)}"


def _member(wanted: object, live: object, place: str) -> Iterator[str]:
    if wanted is None:
        yield f"{place} was added ({_shown(live)})"
    elif live is None:
        yield f"{place} was removed"
    else:
        yield from _changes(wanted, live, place)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
