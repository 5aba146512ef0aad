"""The protocol of a database that migrations run in."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration as the database's own ledger has it. `running` and `undoing` stand for a script that runs outside of
    a transaction and has not ended, or ended without saying how."""

    id: str
    state: Literal["applied", "running", "undoing"]
    version: str
    revision: str
    up_sha256: str
    down_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One script to run, and what the ledger says of it afterwards."""

    entry: Applied
    script: str
    whole: bool
    """Whether script and ledger are one transaction. Without it the script begins transactions of its own, or has a
    statement that PostgreSQL runs outside of one only."""


class MigratedDatabase(Protocol):
    """One service's ledger and the scripts that change it. Methods raise ClusterError with one line."""

    def applied(self) -> Mapping[str, Applied]:
        """By id, in the order in which they were applied."""
        ...

    def up(self, step: Step, cancelled: threading.Event) -> None:
        """Run the script of a migration that the ledger does not have, and enter it. Another run that came in between
        is an error."""
        ...

    def down(self, step: Step, cancelled: threading.Event) -> None:
        """Run the way down of a migration that is applied, and take it out of the ledger."""
        ...
