"""Names of tables in the parser's tree, and which of them a script made itself."""

# ruff: noqa: ANN401  (the parser's messages are made when it is imported)
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slipway.release.sql.names import UNKNOWN_SCHEMA
from slipway.release.sql.tree import below, kind_of

_MOVING = {"search_path", "role", "session_authorization", ""}
"""Settings after which a bare name may be another table; the empty one is RESET ALL."""
_TEMPORARY = "t"


def table_of(relation: Any) -> tuple[str, str]:
    """(schema, table) of a RangeVar; the schema is empty where the script does not say it."""
    return (relation.schemaname or UNKNOWN_SCHEMA, relation.relname or "?")


def qualified(parts: tuple[str, ...]) -> tuple[str, ...]:
    """(schema, table) of a possibly qualified name."""
    return parts[-2:] if len(parts) >= 2 else (UNKNOWN_SCHEMA, *parts)


def shown(target: tuple[str, ...], *more: str) -> str:
    """As people write it: without a schema that was not named."""
    return ".".join(part for part in (*target, *more) if part)


class Created:
    """The tables that a script made itself: it may change and drop them freely, until it has dropped them.

    `orders` and `public.orders` are taken for the same table, unless the script makes temporary tables or moves the
    search path: then a bare name may hide another table, and only a name as it was written is the same.
    """

    def __init__(self, statements: Iterable[Any]) -> None:
        self._literal = any(_moves_names(one) for statement in statements for one in below(statement))
        self._tables: set[tuple[str, ...]] = set()

    def add(self, table: tuple[str, ...]) -> None:
        """It is made here."""
        self._tables.add(self._key(table))

    def drop(self, table: tuple[str, ...]) -> bool:
        """Whether it was made here; a second drop of the same name hits another table."""
        key = self._key(table)
        made = key in self._tables
        self._tables.discard(key)
        return made

    def __contains__(self, table: tuple[str, ...]) -> bool:
        return self._key(table) in self._tables

    def _key(self, table: tuple[str, ...]) -> tuple[str, ...]:
        return table if self._literal or table[0] else ("public", *table[1:])


def _moves_names(message: Any) -> bool:
    kind = kind_of(message)
    if kind == "VariableSetStmt":
        return message.name.lower() in _MOVING
    if kind == "FuncCall":
        return any(part.string.sval.lower() == "set_config" for part in message.funcname)
    return kind == "RangeVar" and message.relpersistence == _TEMPORARY
