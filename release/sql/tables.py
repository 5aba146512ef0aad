"""Names of tables in the parser's tree."""

from __future__ import annotations

from typing import Any

from release.sql.names import DEFAULT_SCHEMA


def table_of(relation: Any) -> tuple[str, str]:  # noqa: ANN401 - the parser is untyped
    """(schema, table) of a RangeVar."""
    if relation is None:
        return (DEFAULT_SCHEMA, "?")
    return (relation.schemaname or DEFAULT_SCHEMA, relation.relname)


def qualified(parts: tuple[str, ...]) -> tuple[str, ...]:
    """(schema, table) of a possibly qualified name."""
    return parts[-2:] if len(parts) >= 2 else (DEFAULT_SCHEMA, *parts)
