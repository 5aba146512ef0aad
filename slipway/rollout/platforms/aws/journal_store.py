"""The journal in a DynamoDB table: a head that is compared and swapped, and the records of the rollouts beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from slipway.release.errors import Conflict, JournalUnreadable
from slipway.rollout.platforms.aws.records import TableRecords
from slipway.rollout.platforms.aws.table import DynamoDb, Table
from slipway.rollout.platforms.base import StoredDocument
from slipway.rollout.platforms.lines import line_of
from slipway.rollout.platforms.rollout_records import StoreWithRecords
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import UNFENCED, Fence

_HEAD = "head"
_INDEX = "#services"
"""The partition that names every service with a journal: an item each. No service can have this name."""


class TableJournalStore(StoreWithRecords):
    """See slipway.rollout.platforms.base.JournalStore. Not for several threads at once; several processes are fine."""

    def __init__(
        self, client: DynamoDb, table: str, service: str, fence: Fence = UNFENCED, patience: Patience | None = None
    ) -> None:
        self._table = Table(client, table, service, fence, patience)
        self._index = Table(client, table, _INDEX, fence, patience)
        super().__init__(TableRecords(self._table))

    def load(self) -> StoredDocument | None:
        """The head, None when there is none."""
        found = self._table.get(_HEAD)
        if found is None:
            return None
        try:
            head = json.loads(found.text)
        except ValueError:
            head = None
        if not isinstance(head, dict):
            raise JournalUnreadable(
                f"{self._table.named(_HEAD)} holds no JSON object, so it was edited; restore it, or delete the item "
                "and let the stack's state say what serves"
            )
        return StoredDocument(head, found.version)

    def save(self, head: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap; returns the new version."""
        text = line_of(head)
        if expect is None:
            self._list_service()
        return self._table.put(_HEAD, text, expect)

    def delete(self) -> None:
        """Delete head and records."""
        self.prune(frozenset())
        self._table.remove(_HEAD)
        self._index.remove(self._table.service)

    def _list_service(self) -> None:
        if self._index.get(self._table.service) is None:
            with suppress(Conflict):  # another process has done the same
                self._index.put(self._table.service, "", None)


def services_with_journal(client: DynamoDb, table: str, patience: Patience | None = None) -> list[str]:
    """The services that have a journal in this table. Raises ClusterError."""
    named = Table(client, table, _INDEX, patience=patience).keys("!", "~")
    # The name is written before the head and deleted after it.
    return [name for name in named if Table(client, table, name, patience=patience).get(_HEAD) is not None]
