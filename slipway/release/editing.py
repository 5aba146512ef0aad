"""Changes one value in the text of a YAML or JSON file and leaves every other character: comments, order, style. Pure.

A value is written in the flow style of both languages. What cannot be changed with certainty is refused: the edited
text must read as the old one with only that value changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from slipway.release.errors import InputError, Problem
from slipway.release.manifest.document import Location, document_text, nodes_of, read_document, show_location

BY_HAND = "Edit the file by hand"
_PATH = re.compile(r"(?:^|\.)([\w/-]+)|\[(\d+|\+)\]")
APPEND = -1
"""In a location: one more item of the list."""


def location_of(path: str) -> Location:
    """`guardrails[0].objective` -> `("guardrails", 0, "objective")`; `[+]` is one more item. Raises ValueError."""
    found = list(_PATH.finditer(path))
    if not path or "".join(match.group(0) for match in found) != path:
        raise ValueError(f"{path!r} is no path such as guardrails[0].objective; [+] is one more item of a list")
    return tuple(one.group(1) or (APPEND if one.group(2) == "+" else int(one.group(2))) for one in found)


def value_at(data: object, at: Location) -> object:
    """What stands there; None where nothing does."""
    for step in at:
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data):
            data = data[step]
        else:
            return None
    return data


def edited(text: str, subject: str, at: Location, value: JsonValue, comment: str = "") -> str:
    """The text with this value at this place; a comment goes above its line, where the language has comments. Raises
    InputError."""
    as_json = subject.endswith(".json")
    try:
        change = _Edit(text, as_json).change(nodes_of(text, subject), at, value)
    except _Uncertain as error:
        raise InputError(subject, [Problem(show_location(at), str(error), BY_HAND)]) from None
    made = text[: change.start] + change.text + text[change.end :]
    if comment and not as_json:
        made = _commented(made, change, comment)
    _check(text, made, subject, at, value)
    return made


@dataclass(frozen=True, slots=True)
class _Change:
    start: int
    end: int
    text: str


class _Uncertain(Exception):
    """Why a place cannot be changed with certainty."""


@dataclass(frozen=True, slots=True)
class _Edit:
    text: str
    as_json: bool

    def change(self, root: Node, at: Location, value: JsonValue) -> _Change:
        node, rest = root, at
        while rest:
            below = _below(node, rest[0])
            if below is None:
                return self._added(node, rest, value)
            node, rest = below, rest[1:]
        if isinstance(node, MappingNode | SequenceNode) and not node.flow_style:
            raise _Uncertain("is a block of several lines; name a place in it")
        if isinstance(node, ScalarNode) and node.style in ("|", ">"):
            raise _Uncertain("is a text of several lines")
        return _Change(node.start_mark.index, node.end_mark.index, self._written(value))

    def _added(self, node: Node, rest: Location, value: JsonValue) -> _Change:
        for step in reversed(rest[1:]):
            value = [value] if isinstance(step, int) else {step: value}
        step = rest[0]
        if isinstance(node, MappingNode) and isinstance(step, str):
            return self._inserted(node, f"{self._written(step)}: {self._written(value)}", "")
        if isinstance(node, SequenceNode) and step in (APPEND, len(node.value)):
            return self._inserted(node, self._written(value), "- ")
        raise _Uncertain(f"there is no place for {show_location(rest)} here")

    def _inserted(self, node: MappingNode | SequenceNode, entry: str, dash: str) -> _Change:
        first = node.value[0] if node.value else None
        if node.flow_style:
            return self._in_flow(node, entry)
        if first is None:
            raise _Uncertain("is empty")
        indent = " " * node.start_mark.column
        end = self.text.find("\n", _end(node))
        place = len(self.text) if end < 0 else end
        return _Change(place, place, f"\n{indent}{dash}{entry}")

    def _in_flow(self, node: MappingNode | SequenceNode, entry: str) -> _Change:
        if not node.value:
            place = node.end_mark.index - 1
            return _Change(place, place, entry)
        first = node.value[0][0] if isinstance(node, MappingNode) else node.value[0]
        place = _end(node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1])
        several = first.start_mark.line != node.start_mark.line
        gap = f"\n{' ' * first.start_mark.column}" if several else " "
        return _Change(place, place, f",{gap}{entry}")

    def _written(self, value: JsonValue) -> str:
        """On one line; plain where YAML allows it."""
        if self.as_json:
            return json.dumps(value, ensure_ascii=False)
        dumped = document_text(value, width=1 << 30, flow=True)
        return dumped.removesuffix("\n").removesuffix("\n...").strip()


def _below(node: Node, step: str | int) -> Node | None:
    if isinstance(node, MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        found: Node = node.value[step]
        return found
    return None


def _end(node: Node) -> int:
    """Behind the last character of a value; the parser's own mark of a block is at the next token."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        return int(node.end_mark.index) - 1
    return int(node.end_mark.index)


def _commented(made: str, change: _Change, comment: str) -> str:
    """Above the line of the change, as far in as that."""
    line = made.rfind("\n", 0, change.start + change.text.startswith("\n")) + 1
    rest = made[line:]
    indent = rest[: len(rest) - len(rest.lstrip(" "))]
    return f"{made[:line]}{indent}# {' '.join(comment.split())}\n{rest}"


def _check(before: str, after: str, subject: str, at: Location, value: JsonValue) -> None:
    wanted = _with(read_document(before, subject).data, at, value)
    try:
        found = read_document(after, subject).data
    except InputError:
        found = None
    if found != wanted:
        raise InputError(subject, [Problem(show_location(at), "cannot be changed without changing more", BY_HAND)])


def _with(data: object, at: Location, value: object) -> object:
    """The content as it shall be."""
    if not at:
        return value
    step, rest = at[0], at[1:]
    if isinstance(step, int):
        items = list(data) if isinstance(data, list) else []
        place = len(items) if step == APPEND else step
        return [*items[:place], _with(value_at(items, (place,)), rest, value), *items[place + 1 :]]
    content = dict(data) if isinstance(data, Mapping) else {}
    return {**content, step: _with(content.get(step), rest, value)}
