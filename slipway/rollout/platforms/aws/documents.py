"""JSON documents in a DynamoDB table: one item each, compared and swapped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from slipway.release.errors import JournalUnreadable
from slipway.rollout.platforms.aws.table import DynamoDb, Table
from slipway.rollout.platforms.base import StoredDocument
from slipway.rollout.platforms.lines import line_of
from slipway.rollout.platforms.trying import Patience

WATCH = "watch"
"""The item of what the watch after 100% has seen."""
FLAG_SETS = "#flags"
"""The partition of the sets of flags: an item for the journal of each, and one for its document."""
FLAG_JOURNAL, FLAG_DOCUMENT = "journal#", "document#"


class TableDocument:
    """See slipway.rollout.platforms.base.DocumentStore. Not fenced, unless the table is."""

    def __init__(self, table: Table, key: str) -> None:
        self._table = table
        self._key = key

    def read(self) -> StoredDocument | None:
        """None when there is none. Raises JournalUnreadable for one that was edited."""
        found = self._table.get(self._key)
        if found is None:
            return None
        try:
            content = json.loads(found.text)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise JournalUnreadable(f"{self._table.named(self._key)} holds no JSON object, so it was edited; delete it")
        return StoredDocument(content, found.version)

    def write(self, content: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap."""
        return self._table.put(self._key, line_of(content), expect)

    def delete(self) -> None:
        """Remove it; it is no error when there is none."""
        self._table.remove(self._key)


def flag_sets_with_journal(client: DynamoDb, table: str, patience: Patience | None = None) -> list[str]:
    """The sets of flags that have a journal in this table. Raises ClusterError."""
    found = Table(client, table, FLAG_SETS, patience=patience).keys(FLAG_JOURNAL, f"{FLAG_JOURNAL}~")
    return [key.removeprefix(FLAG_JOURNAL) for key in found]
