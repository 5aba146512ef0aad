"""JSON documents in a DynamoDB table: one item each, compared and swapped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from slipway.release.errors import JournalUnreadable
from slipway.rollout.platforms.aws.table import Table
from slipway.rollout.platforms.base import StoredDocument
from slipway.rollout.platforms.lines import line_of

WATCH = "watch"
"""The item of what the watch after 100% has seen."""


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
