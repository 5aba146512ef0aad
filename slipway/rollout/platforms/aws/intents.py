"""The operator's intent in a DynamoDB table: the CLI writes it and the executor reads it."""

from __future__ import annotations

from slipway.release.errors import Conflict
from slipway.rollout.platforms.aws.table import DynamoDb, Table
from slipway.rollout.platforms.base import Intent
from slipway.rollout.platforms.intent_text import intent_in, text_of
from slipway.rollout.platforms.trying import Patience

ATTEMPTS = 5
_INTENT = "intent"


class TableIntents:
    """See slipway.rollout.platforms.base.Intents."""

    def __init__(self, client: DynamoDb, table: str, service: str, patience: Patience | None = None) -> None:
        # Not fenced: operators write here, and they hold no Lease.
        self._table = Table(client, table, service, patience=patience)

    def write(self, intent: Intent) -> None:
        """Replace the former intent; of two at the same time the later one stays. When it raises, it was not written,
        or the message says that this cannot be seen."""
        text = text_of(intent)
        for _ in range(ATTEMPTS):
            former = self._table.get(_INTENT)
            try:
                self._table.put(_INTENT, text, former.version if former is not None else None)
            except Conflict:
                continue
            return
        raise Conflict(f"{self._table.named(_INTENT)}: others keep writing it; try again")

    def read(self, max_age: float = 0.0) -> Intent | None:
        """The last intent, None when there is none; always as it is now."""
        found = self._table.get(_INTENT)
        return intent_in(self._table.named(_INTENT), found.text) if found is not None else None

    def delete(self) -> None:
        """Remove it; it is no error when there is none."""
        self._table.remove(_INTENT)
