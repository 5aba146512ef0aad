"""Classifies one script with PostgreSQL's own parser. Runs in a process of its own: see `slipway.release.sql.isolate`.

Rules: additive DDL is `expand`; drop, rename, type change, NOT NULL and new constraints are `contract`; DML is `data`.
A table that the script itself creates may be changed freely.
"""

# ruff: noqa: ANN401  (the parser's messages are made when it is imported)
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from slipway.release.sql.alter import alter_table
from slipway.release.sql.model import MOST_OPERATIONS, Operation, Script
from slipway.release.sql.tables import Created, qualified, shown, table_of
from slipway.release.sql.tree import below, constant, kind_of, unwrap, words

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
_CHANGING = {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}
_DATA = {"InsertStmt", "UpdateStmt", "MergeStmt", "CopyStmt"}
_RELATIONS = {"table", "view", "materialized view", "foreign table"}
_LONG = {"matview": "materialized view"}
_UNNOTICED = {"index", "statistic ext"}
"""What only the planner uses: an artifact gets the same answers without it."""
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
_OUTSIDE_TRANSACTIONS = {
    "TransactionStmt",
    "VacuumStmt",
    "CreatedbStmt",
    "DropdbStmt",
    "CreateTableSpaceStmt",
    "DropTableSpaceStmt",
    "AlterSystemStmt",
}
_CONCURRENT = {"IndexStmt", "DropStmt"}
_OPAQUE = {"DoStmt", "CallStmt", "ExecuteStmt", "PrepareStmt"}


def classify(text: str) -> Script:
    """The operations of a script in their order; `problem` when PostgreSQL's grammar refuses it."""
    from google.protobuf.message import DecodeError
    from postgast import PgQueryError, parse

    if "\0" in text:
        # The parser would stop there, and not see what comes after.
        return Script(problem="not PostgreSQL: a NUL character")
    try:
        statements = [unwrap(raw.stmt) for raw in parse(text).stmts]
    except PgQueryError as error:
        return Script(problem=f"not PostgreSQL: {error}")
    except (DecodeError, UnicodeEncodeError):
        return Script(problem="an expression that is nested too deeply, or text that is not UTF-8")
    created = Created(statements)
    operations: list[Operation] = []
    for statement in statements:
        operations += _statement(statement, created)
        if len(operations) > MOST_OPERATIONS:
            return Script(problem=f"more than {MOST_OPERATIONS} operations; split the migration")
    return Script(
        operations=tuple(operations),
        raises=bool(_RAISES.search(text)),
        outside_transaction=any(map(_is_outside_transaction, statements)),
    )


def _is_outside_transaction(node: Any) -> bool:
    name = kind_of(node)
    if name == "ReindexStmt":
        return any(str(unwrap(param).defname) == "concurrently" for param in node.params)
    return name in _OUTSIDE_TRANSACTIONS or bool(name in _CONCURRENT and node.concurrent)


def _statement(node: Any, created: Created) -> Iterator[Operation]:
    name = kind_of(node)
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
        yield Operation(effect="contract", what=f"{_words(name)}, which is not known to be additive", opaque=True)


def _create_table(node: Any, created: Created) -> Iterator[Operation]:
    made_of_a_query = kind_of(node) == "CreateTableAsStmt"
    target = table_of(node.into.rel if made_of_a_query else node.relation)
    if not node.if_not_exists:  # otherwise the table may exist already
        created.add(target)
    yield Operation(effect="expand", what=f"create table {shown(target)}", target=target)
    if made_of_a_query:
        yield from (one for one in _query(node.query) if one.effect != "neutral")


def _create_view(node: Any, _created: Created) -> Iterator[Operation]:
    target = table_of(node.view)
    if node.replace:
        yield Operation(effect="contract", what=f"replace view {shown(target)}", target=target)
    else:
        yield Operation(effect="expand", what=f"create view {shown(target)}", target=target)


def _create_function(node: Any, _created: Created) -> Iterator[Operation]:
    name = ".".join(words(node.funcname))
    if node.replace:
        yield Operation(effect="contract", what=f"replace function {name}", opaque=True)
    else:
        yield Operation(effect="expand", what=f"create function {name}")


def _create_index(node: Any, created: Created) -> Iterator[Operation]:
    target = table_of(node.relation)
    unique = bool(node.unique) and target not in created
    what = f"create {'unique ' if node.unique else ''}index on {shown(target)}"
    yield Operation(effect="contract" if unique else "expand", what=what, target=target)


def _alter_table(node: Any, created: Created) -> Iterator[Operation]:
    yield from alter_table(node, created)


def _alter_enum(node: Any, _created: Created) -> Iterator[Operation]:
    name = ".".join(words(node.type_name))
    if node.old_val:
        yield Operation(effect="contract", what=f"rename value {node.old_val} of type {name}", opaque=True)
    else:
        yield Operation(effect="expand", what=f"add value {node.new_val} to type {name}")


def _drop(node: Any, created: Created) -> Iterator[Operation]:
    kind = constant(node, "remove_type").removeprefix("OBJECT_").lower()
    kind = _LONG.get(kind, kind).replace("_", " ")
    for entry in node.objects:
        parts = _object_name(unwrap(entry))
        target = qualified(parts) if kind in _RELATIONS else ()
        if kind == "table" and created.drop(target):
            continue
        yield Operation(
            effect="contract",
            what=f"drop {kind} {'.'.join(parts)}",
            target=target,
            loses_data=kind in {"table", "schema", "type", "foreign table"},
            opaque=not target and kind not in _UNNOTICED,
        )


def _drop_database(node: Any, _created: Created) -> Iterator[Operation]:
    yield Operation(effect="contract", what=_words(kind_of(node)), loses_data=True, opaque=True)


def _rename(node: Any, _created: Created) -> Iterator[Operation]:
    kind = constant(node, "rename_type").removeprefix("OBJECT_").lower()
    target: tuple[str, ...] = table_of(node.relation) if node.HasField("relation") else ()
    if kind == "column" and target:
        target = (*target, str(node.subname))
    old = shown(target) or str(node.subname or "")
    yield Operation(effect="contract", what=f"rename {kind} {old} to {node.newname}", target=target, opaque=not target)


def _select(node: Any, _created: Created) -> Iterator[Operation]:
    if node.HasField("into_clause"):
        yield Operation(effect="contract", what="a query that makes a table", opaque=True)
    yield from _query(node)


def _query(node: Any) -> Iterator[Operation]:
    unknown, changes = _inside(node)
    if changes:
        yield Operation(effect="contract", what="a query that changes rows", opaque=True)
    elif unknown:
        yield Operation(
            effect="contract", what=f"a query that calls {sorted(unknown)[0]}, not looked into", opaque=True
        )
    else:
        yield Operation(effect="neutral", what="query")


def _rows(node: Any, name: str) -> Iterator[Operation]:
    target = table_of(node.relation)
    deletes = any(kind_of(part) == "MergeWhenClause" and _deletes(part) for part in below(node))
    yield Operation(effect="data", what=f"{_words(name)} {shown(target)}", target=target, loses_data=deletes)
    if _inside(node)[1] > 1:
        yield Operation(effect="contract", what="a query inside that changes rows", opaque=True)


def _deletes(when: Any) -> bool:
    return constant(when, "command_type") == "CMD_DELETE"


def _inside(node: Any) -> tuple[set[str], int]:
    """The functions called anywhere below that are not known to be harmless, and how many parts change rows."""
    names: set[str] = set()
    changes = 0
    for part in below(node):
        kind = kind_of(part)
        if kind == "FuncCall":
            names.add(words(part.funcname)[-1])
        changes += kind in _CHANGING
    return names - _HARMLESS_FUNCTIONS, changes


def _truncate(node: Any, _created: Created) -> Iterator[Operation]:
    for relation in node.relations:
        target = table_of(unwrap(relation))
        yield Operation(effect="contract", what=f"truncate {shown(target)}", target=target, loses_data=True)


def _delete(node: Any, _created: Created) -> Iterator[Operation]:
    target = table_of(node.relation)
    yield Operation(effect="data", what=f"delete rows of {shown(target)}", target=target, loses_data=True)


def _grant(node: Any, _created: Created) -> Iterator[Operation]:
    if node.is_grant:
        yield Operation(effect="expand", what="grant")
    else:
        yield Operation(effect="contract", what="revoke", opaque=True)


def _object_name(entry: Any) -> tuple[str, ...]:
    kind = kind_of(entry)
    if kind == "String":
        return (str(entry.sval),)
    names = {"List": "items", "TypeName": "names", "ObjectWithArgs": "objname"}.get(kind)
    return ("?",) if names is None else words(getattr(entry, names))


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
