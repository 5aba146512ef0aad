"""Names of database objects, and whether two of them may be the same thing."""

from __future__ import annotations

UNKNOWN_SCHEMA = ""
"""Of a bare name in a script: the search path of the session decides, which is not declared."""


def overlaps(target: tuple[str, ...], used: str) -> bool:
    """Whether a declared use (`orders`, `orders.total`, `shop.orders.total`) may be hit by an operation on `target`.

    A table covers its columns in both directions. `a.b` may be a schema and a table or a table and a column, and a
    bare name may be in any schema: either match counts, since a use that is overlooked breaks the rollback.
    """
    parts = tuple(part.strip().strip('"').lower() for part in used.split("."))
    full = tuple(part.lower() for part in target)
    if not full:
        return False
    if full[0] == UNKNOWN_SCHEMA:
        return any(_prefix(names, full[1:]) for names in (parts, parts[1:]) if names)
    return any(_prefix(parts, candidate) for candidate in (full, full[1:]) if candidate)


def _prefix(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    shorter = min(len(left), len(right))
    return left[:shorter] == right[:shorter]
