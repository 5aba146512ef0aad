"""The part of a journal store that hands the records of the rollouts to the store that keeps them beside the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from slipway.rollout.platforms.base import Condense, Document


class RolloutRecords(Protocol):
    """The records of the rollouts of one service: as slipway.rollout.platforms.base.JournalStore says of them."""

    def append(self, rollout_id: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add records; each call is one small write. Exactly once unless it raises."""
        ...

    def all(self, rollout_id: str) -> list[Document]:
        """All records of a rollout in order, read in pages."""
        ...

    def latest(self, rollout_id: str) -> Document | None:
        """The last record, found without reading the others."""
        ...

    def condense(self, rollout_id: str, condense: Condense) -> None:
        """Put old records through `condense` once there are many."""
        ...

    def prune(self, keep: AbstractSet[str]) -> None:
        """Delete the records of all rollouts but these."""
        ...


class StoreWithRecords:
    """Base of the journal stores: a subclass keeps the head."""

    def __init__(self, records: RolloutRecords) -> None:
        self._records = records

    def append(self, rollout_id: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add records; each call is one small write. Exactly once unless it raises."""
        self._records.append(rollout_id, records)

    def records(self, rollout_id: str) -> list[Document]:
        """All records of a rollout in order, read in pages."""
        return self._records.all(rollout_id)

    def latest(self, rollout_id: str) -> Document | None:
        """The last record, found without reading the others."""
        return self._records.latest(rollout_id)

    def condense(self, rollout_id: str, condense: Condense) -> None:
        """Put old records through `condense` once there are many."""
        self._records.condense(rollout_id, condense)

    def prune(self, keep: AbstractSet[str]) -> None:
        """Delete the records of all rollouts but these."""
        self._records.prune(keep)
