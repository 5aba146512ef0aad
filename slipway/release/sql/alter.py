"""ALTER TABLE, command by command."""

# ruff: noqa: ANN401  (the parser's messages are made when it is imported)
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slipway.release.sql.model import Operation
from slipway.release.sql.tables import Created, shown, table_of
from slipway.release.sql.tree import below, constant, kind_of, unwrap

_NEUTRAL = {
    "SetStatistics",
    "SetStorage",
    "SetCompression",
    "SetOptions",
    "SetRelOptions",
    "ResetRelOptions",
    "ClusterOn",
}
_EXPAND = {"DropNotNull", "ValidateConstraint"}
_RELATIONS = {"table", "view", "matview", "foreign_table", "index"}
_WIDENING = {"text", "int8", "float8", "bytea"}
"""Types that hold everything which a narrower type of the same family could hold."""


def alter_table(node: Any, created: Created) -> Iterator[Operation]:
    """The operations of one ALTER TABLE; a table that the script created itself may be changed freely."""
    table = table_of(node.relation)
    kind = constant(node, "objtype").removeprefix("OBJECT_").lower()
    if kind != "table":
        known = kind in _RELATIONS
        yield Operation(
            effect="contract", what=f"alter {kind} {shown(table)}", target=table if known else (), opaque=not known
        )
        return
    for wrapped in node.cmds:
        operation = _command(unwrap(wrapped), table)
        fresh = table in created and not operation.loses_data
        yield (
            operation.model_copy(update={"effect": "expand"}) if fresh and operation.effect == "contract" else operation
        )


def _command(command: Any, table: tuple[str, str]) -> Operation:
    kind = constant(command, "subtype").removeprefix("AT_")
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(command, table)
    name = shown(table)
    column = (*table, str(command.name)) if command.name else table
    if kind in _NEUTRAL:
        return Operation(effect="neutral", what=f"{kind} of {name}")
    if kind in _EXPAND:
        return Operation(effect="expand", what=f"{kind} of {shown(column)}", target=column)
    return Operation(effect="contract", what=f"{kind} of {name}, which is not known to be additive", target=table)


def _drop_column(command: Any, table: tuple[str, str]) -> Operation:
    column = (*table, str(command.name))
    return Operation(effect="contract", what=f"drop column {shown(column)}", target=column, loses_data=True)


def _set_not_null(command: Any, table: tuple[str, str]) -> Operation:
    # An insert without this column fails, not only a use of it: the whole table is the target.
    return Operation(effect="contract", what=f"set not null {shown(table)}.{command.name}", target=table)


def _default(command: Any, table: tuple[str, str]) -> Operation:
    column = f"{shown(table)}.{command.name}"
    if not command.HasField("def"):
        return Operation(effect="contract", what=f"drop default of {column}", target=table)
    return Operation(effect="expand", what=f"set default of {column}", target=table)


def _constraint(command: Any, table: tuple[str, str]) -> Operation:
    verb = "drop" if not command.HasField("def") else "add"
    what = f"{verb} constraint {command.name or ''} of {shown(table)}"
    return Operation(effect="contract", what=what, target=table)


def _add_column(command: Any, table: tuple[str, str]) -> Operation:
    definition = unwrap(getattr(command, "def"))
    kinds = {constant(unwrap(constraint), "contype") for constraint in definition.constraints}
    filled = kinds & {"CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"} or _is_serial(definition)
    required = bool(definition.is_not_null) or bool(kinds & {"CONSTR_NOTNULL", "CONSTR_PRIMARY"})
    column = f"{shown(table)}.{definition.colname}"
    if "CONSTR_UNIQUE" in kinds and _constant_default(definition):
        return Operation(effect="contract", what=f"add column {column}, unique with one default for all", target=table)
    if required and not filled:
        return Operation(effect="contract", what=f"add column {column}, required and without a default", target=table)
    return Operation(effect="expand", what=f"add column {column}", target=(*table, str(definition.colname)))


def _constant_default(definition: Any) -> bool:
    """Whether every row that does not name the column gets the same value."""
    constraints = [unwrap(one) for one in definition.constraints]
    defaults = [unwrap(c.raw_expr) for c in constraints if constant(c, "contype") == "CONSTR_DEFAULT"]
    return any(not any(kind_of(part) in {"FuncCall", "SQLValueFunction"} for part in below(one)) for one in defaults)


def _is_serial(definition: Any) -> bool:
    return _type_name(definition) in {"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"}


def _change_type(command: Any, table: tuple[str, str]) -> Operation:
    column, new = (*table, str(command.name)), _type_name(unwrap(getattr(command, "def")))
    return Operation(
        effect="contract",
        what=f"change type of {shown(column)} to {new}",
        target=column,
        loses_data=new not in _WIDENING,
    )


def _type_name(definition: Any) -> str:
    names = definition.type_name.names
    return str(unwrap(names[-1]).sval).lower() if names else "?"


_SPECIAL = {
    "AddColumn": _add_column,
    "DropColumn": _drop_column,
    "AlterColumnType": _change_type,
    "SetNotNull": _set_not_null,
    "ColumnDefault": _default,
    "AddConstraint": _constraint,
    "DropConstraint": _constraint,
}
