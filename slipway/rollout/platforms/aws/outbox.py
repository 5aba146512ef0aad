"""The outbox of escalations in a DynamoDB table: an item an escalation, those of all services in one partition."""

from __future__ import annotations

import json

from slipway.release.errors import JournalUnreadable
from slipway.release.escalation.outbox import Entry, parse
from slipway.rollout.escalation.outbox import Held
from slipway.rollout.platforms.aws.table import DynamoDb, Item, Table
from slipway.rollout.platforms.trying import Patience

OUTBOX = "#escalations"
"""The partition. No service can have this name."""


class TableOutbox:
    """See slipway.rollout.escalation.outbox.Outbox. Who writes needs no Lease: each write compares versions."""

    def __init__(self, client: DynamoDb, table: str, patience: Patience | None = None) -> None:
        self._table = Table(client, table, OUTBOX, patience=patience)

    def load(self, entry_id: str) -> Held | None:
        """One entry, None when there is none."""
        found = self._table.get(entry_id)
        return None if found is None else Held(self._parsed(found), found.version)

    def save(self, entry: Entry, expect: str | None) -> str:
        """Compare-and-swap; see Table.put for lost answers."""
        text = json.dumps(entry.to_document(), separators=(",", ":"), allow_nan=False)
        return self._table.put(entry.id, text, expect)

    def entries(self) -> list[Entry]:
        """All of them, the oldest first."""
        found = map(self._parsed, self._table.read("!", "~"))
        return sorted(found, key=lambda entry: (entry.escalation.at, entry.id))

    def delete(self, entry_id: str) -> None:
        """Remove one, if it is there."""
        self._table.remove(entry_id)

    def _parsed(self, found: Item) -> Entry:
        try:
            document = json.loads(found.text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise JournalUnreadable(f"{self._table.named(found.key)} holds no JSON object; delete it")
        return parse(document)
