"""ALTER TABLE, command by command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from release.sql.model import Operation
from release.sql.tables import table_of

_NEUTRAL = {
    "SetStatistics",
    "SetStorage",
    "SetCompression",
    "SetOptions",
    "SetRelOptions",
    "ResetRelOptions",
    "ClusterOn",
}
_EXPAND = {"DropNotNull", "ValidateConstraint", "DropIdentity", "EnableTrig"}
_WIDENING = {"text", "int8", "float8", "bytea"}
"""Types that hold everything which a narrower type of the same family could hold."""


def alter_table(node: Any, created: set[tuple[str, str]]) -> Iterator[Operation]:  # noqa: ANN401
    """The operations of one ALTER TABLE; a table that the script created itself may be changed freely."""
    table = table_of(node.relation)
    if node.objtype.name != "OBJECT_TABLE":
        kind = node.objtype.name.removeprefix("OBJECT_").lower()
        yield Operation(effect="contract", what=f"alter {kind} {'.'.join(table)}", target=table)
        return
    for command in node.cmds:
        operation = _command(command, table)
        fresh = table in created and not operation.loses_data
        yield (
            operation.model_copy(update={"effect": "expand"}) if fresh and operation.effect == "contract" else operation
        )


def _command(command: Any, table: tuple[str, str]) -> Operation:  # noqa: ANN401
    kind = command.subtype.name.removeprefix("AT_")
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(command, table)
    name = ".".join(table)
    column = (*table, str(command.name)) if command.name else table
    if kind in _NEUTRAL:
        return Operation(effect="neutral", what=f"{kind} of {name}")
    if kind in _EXPAND:
        return Operation(effect="expand", what=f"{kind} of {'.'.join(column)}", target=column)
    return Operation(effect="contract", what=f"{kind} of {name}, which is not known to be additive", target=table)


def _drop_column(command: Any, table: tuple[str, str]) -> Operation:  # noqa: ANN401
    column = (*table, str(command.name))
    return Operation(effect="contract", what=f"drop column {'.'.join(column)}", target=column, loses_data=True)


def _set_not_null(command: Any, table: tuple[str, str]) -> Operation:  # noqa: ANN401
    # Whoever inserts without this column breaks, not only who uses it: the whole table is the target.
    return Operation(effect="contract", what=f"set not null {'.'.join(table)}.{command.name}", target=table)


def _default(command: Any, table: tuple[str, str]) -> Operation:  # noqa: ANN401
    column = f"{'.'.join(table)}.{command.name}"
    if command.def_ is None:
        return Operation(effect="contract", what=f"drop default of {column}", target=table)
    return Operation(effect="expand", what=f"set default of {column}", target=table)


def _constraint(command: Any, table: tuple[str, str]) -> Operation:  # noqa: ANN401
    verb = "drop" if command.def_ is None else "add"
    what = f"{verb} constraint {command.name or ''} of {'.'.join(table)}"
    return Operation(effect="contract", what=what, target=table)


def _add_column(command: Any, table: tuple[str, str]) -> Operation:  # noqa: ANN401
    definition = command.def_
    kinds = {constraint.contype.name for constraint in definition.constraints or ()}
    filled = kinds & {"CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"} or _is_serial(definition)
    required = bool(definition.is_not_null) or bool(kinds & {"CONSTR_NOTNULL", "CONSTR_PRIMARY"})
    column = f"{'.'.join(table)}.{definition.colname}"
    if required and not filled:
        return Operation(effect="contract", what=f"add column {column}, required and without a default", target=table)
    return Operation(effect="expand", what=f"add column {column}", target=(*table, str(definition.colname)))


def _is_serial(definition: Any) -> bool:  # noqa: ANN401
    return _type_name(definition) in {"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"}


def _change_type(command: Any, table: tuple[str, str]) -> Operation:  # noqa: ANN401
    column, new = (*table, str(command.name)), _type_name(command.def_)
    return Operation(
        effect="contract",
        what=f"change type of {'.'.join(column)} to {new}",
        target=column,
        loses_data=new not in _WIDENING,
    )


def _type_name(definition: Any) -> str:  # noqa: ANN401
    names = definition.typeName.names if definition.typeName is not None else ()
    return str(names[-1].sval).lower() if names else "?"


_SPECIAL = {
    "AddColumn": _add_column,
    "DropColumn": _drop_column,
    "AlterColumnType": _change_type,
    "SetNotNull": _set_not_null,
    "ColumnDefault": _default,
    "AddConstraint": _constraint,
    "DropConstraint": _constraint,
}
