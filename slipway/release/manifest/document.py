"""YAML text -> plain data with line numbers, bounded in size, depth and expansion. Nothing in it can run code. Plain
data -> YAML text that reads as the same data.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from slipway.release.errors import InputError, Problem

MAX_BYTES = 1 << 20
MAX_NODES = 20_000
"""Aliases count as often as they are used, so a file of a few lines cannot expand without end."""
MAX_DEPTH = 40

Location = tuple[str | int, ...]
_PLAIN_KEY = re.compile(r"[\w./:-]+")


@dataclass(slots=True)
class Document:
    """The content of one file: plain data, the line of each place in it, and what is wrong with the text itself."""

    data: object = None
    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, location: Location) -> int | None:
        """The line of a place, or of the nearest place around it; None when its whole section is not in the file."""
        for end in range(len(location), 0, -1):
            if location[:end] in self.lines:
                return self.lines[location[:end]]
        return None


def read_document(text: str | bytes, subject: str) -> Document:
    """Parse one YAML document. Raises InputError when there is nothing that could be checked further;
    duplicate keys and odd values are listed in `problems` instead."""
    return _Reading(subject).read(nodes_of(text, subject))


def nodes_of(text: str | bytes, subject: str) -> Node:
    """The nodes of one YAML document, which know their places in the text. Raises InputError."""
    source = _decoded(text, subject)
    try:
        loader = _Loader(source)
        node = loader.get_node() if loader.check_node() else None
        more = node is not None and loader.check_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "cannot be parsed"
        raise _refused(subject, f"not readable as YAML: {what}", "Correct the syntax", mark) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        first = (str(error).splitlines() or ["cannot be parsed"])[0]
        raise _refused(subject, f"not readable as YAML: {first}", "Save it as plain UTF-8 YAML") from None
    if node is None:
        raise _refused(subject, "the file is empty", "Write one document into it")
    if more:
        raise _refused(subject, "several documents in one file", "Give each document a file of its own")
    return node


def document_text(value: object, *, width: int = 120, flow: bool = False) -> str:
    """Plain data as the text of a YAML document, on one line with `flow`. Text that YAML 1.1 or 1.2 would take for
    something else, such as `no` or `12e4`, is quoted."""
    dumped: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=flow, width=width, allow_unicode=True, sort_keys=False
    )
    return dumped


def show_location(location: Location) -> str:
    """`("strategy", "steps", 1, "weight")` -> `strategy.steps[1].weight`. Odd keys are quoted."""
    text = ""
    for item in location:
        if isinstance(item, int):
            text += f"[{item}]"
        else:
            name = item if _PLAIN_KEY.fullmatch(item) else json.dumps(item[:60])
            text += f".{name}" if text else name
    return text or "file"


def _decoded(text: str | bytes, subject: str) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise _refused(subject, f"{size} bytes, more than {MAX_BYTES}", "Move large content out of the file")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(subject, "not UTF-8 text", "Save it as UTF-8") from None


def _refused(subject: str, message: str, remedy: str, mark: yaml.Mark | None = None) -> InputError:
    return InputError(subject, [Problem("file", message, remedy, None if mark is None else mark.line + 1)])


class _Loader(yaml.SafeLoader):
    """Composes nodes only, within bounds. Scalars are those of YAML 1.2: `no`, `1:30` and dates stay text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._count = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH or self._count > MAX_NODES:
            raise yaml.MarkedYAMLError(
                problem=f"more than {MAX_DEPTH} levels or {MAX_NODES} values", problem_mark=self.get_mark()
            )
        node: Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


_CORE = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
)


class _Dumper(yaml.SafeDumper):
    """Writes plain only what is of the same type in YAML 1.1, which it knows, and in YAML 1.2."""


for _name, _pattern, _first in _CORE:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), list(_first))


class _Reading:
    """One pass from nodes to data, counting every use of an alias."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._document = Document()
        self._count = 0

    def read(self, root: Node) -> Document:
        self._document.data = self._value(root, ())
        return self._document

    def _value(self, node: Node, at: Location) -> object:
        self._count += 1
        if self._count > MAX_NODES or len(at) > MAX_DEPTH:
            raise _refused(self._subject, f"its aliases expand to more than {MAX_NODES} values", "Write them out")
        self._document.lines[at] = node.start_mark.line + 1
        if isinstance(node, MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, at)
        if isinstance(node, SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self._value(item, (*at, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(node, at)
        return self._complain(at, f"the tag {node.tag} is not supported", "Leave the tag out")

    def _mapping(self, node: MappingNode, at: Location) -> dict[str, object]:
        data: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = self._value(key_node, (*at, "<key>"))
            if not isinstance(key, str):
                self._complain(at, f"the key {key!r:.40} is not text", "Quote it", key_node)
                continue
            if key in data:
                self._complain((*at, key), "is there twice", "Keep one of them", key_node)
                continue
            data[key] = self._value(value_node, (*at, key))
            self._document.lines[*at, key] = key_node.start_mark.line + 1
        return data

    def _scalar(self, node: ScalarNode, at: Location) -> object:
        text: str = node.value
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        try:
            text.encode()
            return _SCALARS[kind](text)
        except KeyError:
            return self._complain(at, f"the tag {node.tag} is not supported", "Leave the tag out")
        except UnicodeEncodeError:
            return self._complain(at, "holds half a character (a surrogate)", "Write the whole character")
        except ValueError:
            return self._complain(
                at, f"cannot be read as {kind}", "Write a finite, shorter number, or quote it as text"
            )

    def _complain(self, at: Location, message: str, remedy: str, node: Node | None = None) -> object:
        """Note a problem; nothing takes the place of the value."""
        line = self._document.line(at) if node is None else node.start_mark.line + 1
        self._document.problems.append(Problem(show_location(at), message, remedy, line))
        return None


def _finite(text: str) -> float:
    number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _null(text: str) -> None:
    if text not in {"", "~", "null", "Null", "NULL"}:
        raise ValueError(text)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


_SCALARS: Mapping[str, Callable[[str], object]] = {
    "str": str,
    "int": lambda text: int(text, 0) if text[:2] in {"0x", "0o"} else int(text),
    "float": _finite,
    "bool": _boolean,
    "null": _null,
}
