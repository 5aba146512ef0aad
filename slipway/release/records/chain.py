"""Release records as lines that only grow, each bound to the one before by its hash. Pure.

A line is canonical JSON: keys sorted, no spaces, ASCII. `seq` counts from 0, `previous` is the hash of the line before
(64 zeros for the first), and `hash` that of the line's own content without `hash`. So an altered byte, a dropped line
and another order are found by reading. A tail that was cut off and a chain that was written anew as a whole are only
found by an `Anchor` that was kept elsewhere: in the stack's state, or in a signed record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from slipway.release.evidence.facts import Sha256
from slipway.release.manifest.base import FrozenModel

FIRST = "0" * 64
"""What stands for the line before the first."""
HASH = "hash"


class Anchor(FrozenModel):
    """The hash that the line `seq` had."""

    seq: Annotated[int, Field(ge=0)]
    hash: Sha256


Anchors = Mapping[str, Sequence[tuple[str, Anchor]]]
"""By the name of the chain: who keeps it, and what."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chain: its place, its hash as computed from what stands there, and its content. `content` is empty
    where the line is no JSON object."""

    seq: int
    hash: str
    content: Mapping[str, Any]

    @property
    def anchor(self) -> Anchor:
        """What to keep of it elsewhere."""
        return Anchor(seq=self.seq, hash=self.hash)


def canonical(content: Mapping[str, Any]) -> str:
    """The one way in which these JSON values are written. Raises ValueError for a number that is none."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sealed(content: Mapping[str, Any], before: Line | None) -> str:
    """The line that follows `before`, with `seq`, `previous` and `hash`."""
    place = {"seq": 0, "previous": FIRST} if before is None else {"seq": before.seq + 1, "previous": before.hash}
    bound = {key: value for key, value in content.items() if key != HASH} | place
    return canonical({**bound, HASH: _sha256(canonical(bound))})


def lines_of(texts: Iterable[str]) -> list[Line]:
    """The lines of a chain in their order, however damaged: nothing is raised, `problems` says what is wrong."""
    return [line_of(number, text) for number, text in enumerate(texts)]


def problems(texts: Sequence[str], anchors: Iterable[tuple[str, Anchor]] = ()) -> list[str]:
    """What is wrong with a chain, one line each; none when it is whole. Each anchor comes with the name of the place
    that kept it."""
    found: list[str] = []
    before = FIRST
    lines = lines_of(texts)
    for text, line in zip(texts, lines, strict=True):
        found += _line_problems(text, line, before)
        before = line.hash
    found += [said for place, anchor in anchors if (said := anchor_problem(lines, place, anchor)) is not None]
    return found


def anchor_problem(lines: Sequence[Line], place: str, anchor: Anchor) -> str | None:
    """Why these lines are not the chain that the anchor was taken from, nor one that goes on from it; None when they
    are."""
    if anchor.seq >= len(lines):
        length = f"the chain has {len(lines)}"
        return f"the record {anchor.seq} is missing: {place} knows it, {length}; its end was cut off"
    if lines[anchor.seq].hash != anchor.hash:
        return f"the record {anchor.seq} is not the one that {place} knows: the chain was written anew"
    return None


def _line_problems(text: str, line: Line, before: str) -> list[str]:
    name, content = f"the record {line.seq}", line.content
    if not content:
        return [f"{name} is no JSON object: it was altered"]
    if text != canonical(content) or content.get(HASH) != line.hash:
        return [f"{name} was altered: its content has another hash than it says"]
    if content.get("seq") != line.seq:
        return [f"{name} is missing or out of its order: number {content.get('seq')} stands there"]
    if content.get("previous") != before:
        return [f"{name} does not follow the one before it: one of the two was altered or exchanged"]
    return []


def line_of(number: int, text: str) -> Line:
    """One line by its place, however damaged."""
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return Line(number, _sha256(text), {})
    try:
        own = canonical({key: value for key, value in content.items() if key != HASH})
    except ValueError:  # NaN, which json.loads takes
        return Line(number, _sha256(text), {})
    return Line(number, _sha256(own), content)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
