"""Classifies one script with pglast (PostgreSQL's parser). Runs in a process of its own: see `release.sql.isolate`.

Rules: additive DDL is `expand`; drop, rename, type change, NOT NULL and new constraints are `contract`; DML is `data`.
A table that the script itself creates may be changed freely.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from release.sql.alter import alter_table
from release.sql.model import MOST_OPERATIONS, Operation, Script
from release.sql.tables import qualified, table_of

_RAISES = re.compile(r"\braise\s+exception\b", re.IGNORECASE)

_NEUTRAL = {
    "TransactionStmt",
    "VariableSetStmt",
    "VariableShowStmt",
    "CommentStmt",
    "LockStmt",
    "VacuumStmt",
    "CheckPointStmt",
}
_EXPAND = {
    "CreateSeqStmt",
    "CreateEnumStmt",
    "CompositeTypeStmt",
    "CreateSchemaStmt",
    "CreateExtensionStmt",
    "CreateDomainStmt",
    "CreateRoleStmt",
    "CreateStatsStmt",
    "RefreshMatViewStmt",
    "ReindexStmt",
}
_DATA = {"InsertStmt", "UpdateStmt", "MergeStmt", "CopyStmt"}
_RELATIONS = {"table", "view", "materialized view", "foreign table"}
_HARMLESS_FUNCTIONS = {
    "set_config",
    "setval",
    "nextval",
    "now",
    "current_setting",
    "count",
    "coalesce",
    "lower",
    "upper",
}
_OPAQUE = {"DoStmt", "CallStmt", "ExecuteStmt", "PrepareStmt"}


def classify(text: str) -> Script:
    """The operations of a script in their order; `problem` when PostgreSQL's grammar refuses it."""
    from pglast import parse_sql
    from pglast.parser import ParseError

    if "\0" in text:
        # The parser would stop there, and not see what comes after.
        return Script(problem="not PostgreSQL: a NUL character")
    try:
        statements = parse_sql(text)
    except (ParseError, ValueError, RecursionError) as error:
        return Script(problem=f"not PostgreSQL: {error}")
    created: set[tuple[str, str]] = set()
    operations: list[Operation] = []
    for raw in statements:
        operations += _statement(raw.stmt, created)
        if len(operations) > MOST_OPERATIONS:
            return Script(problem=f"more than {MOST_OPERATIONS} operations; split the migration")
    return Script(operations=tuple(operations), raises=bool(_RAISES.search(text)))


def _statement(node: Any, created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401 - the parser is untyped
    name = type(node).__name__
    handler = _HANDLERS.get(name)
    if handler is not None:
        yield from handler(node, created)
    elif name in _NEUTRAL:
        yield Operation(effect="neutral", what=_words(name))
    elif name in _EXPAND:
        yield Operation(effect="expand", what=_words(name))
    elif name in _DATA:
        yield from _rows(node, name)
    elif name in _OPAQUE:
        yield Operation(effect="contract", what=f"{_words(name)}, which is not looked into", opaque=True)
    else:
        yield Operation(effect="contract", what=f"{_words(name)}, which is not known to be additive")


def _create_table(node: Any, created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    relation = node.relation if type(node).__name__ == "CreateStmt" else node.into.rel
    target = table_of(relation)
    if not node.if_not_exists:  # otherwise it may be somebody's table already
        created.add(target)
    yield Operation(effect="expand", what=f"create table {'.'.join(target)}", target=target)


def _create_view(node: Any, _created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    target = table_of(node.view)
    if node.replace:
        yield Operation(effect="contract", what=f"replace view {'.'.join(target)}", target=target)
    else:
        yield Operation(effect="expand", what=f"create view {'.'.join(target)}", target=target)


def _create_function(node: Any, _created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    name = ".".join(part.sval for part in node.funcname)
    if node.replace:
        yield Operation(effect="contract", what=f"replace function {name}")
    else:
        yield Operation(effect="expand", what=f"create function {name}")


def _create_index(node: Any, created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    target = table_of(node.relation)
    unique = bool(node.unique) and target not in created
    what = f"create {'unique ' if node.unique else ''}index on {'.'.join(target)}"
    yield Operation(effect="contract" if unique else "expand", what=what, target=target)


def _alter_table(node: Any, created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    yield from alter_table(node, created)


def _alter_enum(node: Any, _created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    name = ".".join(part.sval for part in node.typeName)
    if node.oldVal:
        yield Operation(effect="contract", what=f"rename value {node.oldVal} of type {name}")
    else:
        yield Operation(effect="expand", what=f"add value {node.newVal} to type {name}")


def _drop(node: Any, created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    kind = node.removeType.name.removeprefix("OBJECT_").lower().replace("_", " ")
    for entry in node.objects:
        parts = tuple(part.sval for part in entry) if isinstance(entry, tuple) else (_object_name(entry),)
        target = qualified(parts) if kind in _RELATIONS else ()
        if kind == "table" and target in created:
            continue
        yield Operation(
            effect="contract",
            what=f"drop {kind} {'.'.join(parts)}",
            target=target,
            loses_data=kind in {"table", "schema", "type", "foreign table"},
        )


def _drop_database(node: Any, _created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    yield Operation(effect="contract", what=_words(type(node).__name__), loses_data=True)


def _rename(node: Any, _created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    kind = node.renameType.name.removeprefix("OBJECT_").lower()
    target: tuple[str, ...] = () if node.relation is None else table_of(node.relation)
    if kind == "column" and target:
        target = (*target, str(node.subname))
    old = ".".join(target) or str(node.subname or "")
    yield Operation(effect="contract", what=f"rename {kind} {old} to {node.newname}", target=target)


def _select(node: Any, _created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    unknown, changes = _inside(node)
    if changes or node.intoClause is not None:
        yield Operation(effect="contract", what="a query that changes rows or makes a table", opaque=True)
    elif unknown:
        yield Operation(
            effect="contract", what=f"a query that calls {sorted(unknown)[0]}, not looked into", opaque=True
        )
    else:
        yield Operation(effect="neutral", what="query")


def _rows(node: Any, name: str) -> Iterator[Operation]:  # noqa: ANN401
    target = table_of(node.relation)
    yield Operation(effect="data", what=f"{_words(name)} {'.'.join(target)}", target=target)
    if _inside(node)[1] > 1:
        yield Operation(effect="contract", what="a query inside that changes rows", opaque=True)


def _inside(node: Any) -> tuple[set[str], int]:  # noqa: ANN401
    """The functions called anywhere below that are not known to be harmless, and how many parts change rows."""
    from pglast import ast
    from pglast.visitors import Visitor

    names: set[str] = set()
    changes = 0

    class Look(Visitor):
        def visit(self, _ancestors: object, below: object) -> None:
            nonlocal changes
            if isinstance(below, ast.FuncCall):
                names.add(str((below.funcname or ())[-1].sval))
            changes += isinstance(below, ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt | ast.MergeStmt)

    Look()(node)
    return names - _HARMLESS_FUNCTIONS, changes


def _truncate(node: Any, _created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    for relation in node.relations:
        target = table_of(relation)
        yield Operation(effect="contract", what=f"truncate {'.'.join(target)}", target=target, loses_data=True)


def _delete(node: Any, _created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    target = table_of(node.relation)
    yield Operation(effect="data", what=f"delete rows of {'.'.join(target)}", target=target, loses_data=True)


def _grant(node: Any, _created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    yield Operation(effect="expand" if node.is_grant else "contract", what="grant" if node.is_grant else "revoke")


def _object_name(entry: Any) -> str:  # noqa: ANN401
    names = getattr(entry, "names", None) or getattr(entry, "objname", None)
    return ".".join(part.sval for part in names) if names else str(getattr(entry, "sval", "?"))


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Stmt")).lower()


_HANDLERS = {
    "CreateStmt": _create_table,
    "CreateTableAsStmt": _create_table,
    "ViewStmt": _create_view,
    "CreateFunctionStmt": _create_function,
    "IndexStmt": _create_index,
    "AlterTableStmt": _alter_table,
    "AlterEnumStmt": _alter_enum,
    "DropStmt": _drop,
    "DropdbStmt": _drop_database,
    "RenameStmt": _rename,
    "SelectStmt": _select,
    "TruncateStmt": _truncate,
    "DeleteStmt": _delete,
    "GrantStmt": _grant,
}
