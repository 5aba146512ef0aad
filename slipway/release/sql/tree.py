"""Reading the parser's tree: protocol buffers, where each node stands in a wrapper that says of what kind it is."""

# ruff: noqa: ANN401  (the parser's messages are made when it is imported)
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def unwrap(node: Any) -> Any:
    """What is in a wrapper; None when it is empty."""
    kind = node.WhichOneof("node")
    return None if kind is None else getattr(node, kind)


def kind_of(message: Any) -> str:
    """Such as `DropStmt`, PostgreSQL's own name."""
    return str(message.DESCRIPTOR.name)


def constant(message: Any, field: str) -> str:
    """The name of an enumeration's value, such as `OBJECT_TABLE`; of its number, when the parser knows it no name."""
    number = getattr(message, field)
    known = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number.get(number)
    return str(number) if known is None else str(known.name)


def words(nodes: Iterable[Any]) -> tuple[str, ...]:
    """A name of several parts."""
    return tuple(str(getattr(unwrap(node), "sval", "?")) for node in nodes)


def below(message: Any) -> Iterator[Any]:
    """The message and everything in it, without recursion of its own."""
    waiting = [message]
    while waiting:
        here = waiting.pop()
        yield here
        for field, value in here.ListFields():
            if field.message_type is not None:
                waiting += list(value) if isinstance(value, Iterable) else [value]
