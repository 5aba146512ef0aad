"""The result of classifying one script."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from slipway.release.findings import Text
from slipway.release.manifest.base import FrozenModel

Effect = Literal["expand", "contract", "data", "neutral"]
"""expand: additive, the previous artifact does not notice; contract: the previous artifact may break; data: rows
change; neutral: settings and transactions. What is not known to be harmless is a contract."""

MOST_OPERATIONS = 500


class Operation(FrozenModel):
    """One thing that a script does."""

    effect: Effect
    what: Text
    """Such as `drop column orders.total`."""
    target: tuple[str, ...] = ()
    """schema, table and, where it is about one, column; empty when it is not about a table."""
    loses_data: bool = False
    opaque: bool = False
    """Code that is not looked into (DO, CALL): it may do anything."""


class Script(FrozenModel):
    """A classified script, or why it could not be read."""

    operations: Annotated[tuple[Operation, ...], Field(max_length=MOST_OPERATIONS)] = ()
    raises: bool = False
    """It raises an exception on purpose."""
    outside_transaction: bool = False
    """It begins transactions of its own, or has a statement that PostgreSQL refuses inside of one."""
    problem: Text | None = None

    @property
    def does_something(self) -> bool:
        """Whether anything in it is more than settings and transactions."""
        return any(operation.effect != "neutral" for operation in self.operations)
