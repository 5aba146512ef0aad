"""The record of a Lease in a DynamoDB table. DynamoDB's own clock and time to live have no part in its expiry."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import get_args

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.aws.table import DynamoDb, Item, Table
from slipway.rollout.platforms.base import Role
from slipway.rollout.platforms.observed_lease import Clock, LeaseRecord, ObservedLease
from slipway.rollout.platforms.trying import Patience

_LEASE = "lease"
WATCH_LEASE = "watch-lease"
"""The item of the Lease of the watch after 100%."""


class TableLease(ObservedLease):
    """One item of the service, `key`."""

    def __init__(
        self,
        client: DynamoDb,
        table: str,
        service: str,
        clock: Clock | None = None,
        patience: Patience | None = None,
        key: str = _LEASE,
    ) -> None:
        # Not fenced: the Lease is what the fence is armed by.
        super().__init__(_LeaseItem(Table(client, table, service, patience=patience), key), service, clock)


class _LeaseItem:
    """See LeaseRecords."""

    def __init__(self, table: Table, key: str) -> None:
        self._table = table
        self._key = key

    @property
    def what(self) -> str:
        """The item, in messages."""
        return f"the Lease ({self._table.named(self._key)})"

    def find(self) -> LeaseRecord | None:
        """None when there is none. Raises ClusterError when it cannot be understood."""
        found = self._table.get(self._key)
        return self._record(found) if found is not None else None

    def create(self, record: LeaseRecord) -> LeaseRecord:
        """Raises Conflict when there is one."""
        return self._put(record, None)

    def replace(self, record: LeaseRecord) -> LeaseRecord:
        """Raises Conflict when it has changed."""
        return self._put(record, record.version)

    def remove(self, may: Callable[[LeaseRecord], bool]) -> None:
        """Remove it if there is one and `may` allows it."""
        self._table.remove(self._key, lambda found: may(self._record(found)))

    def _put(self, record: LeaseRecord, expect: str | None) -> LeaseRecord:
        content = asdict(record)
        del content["version"]
        return replace(record, version=self._table.put(self._key, json.dumps(content), expect))

    def _record(self, found: Item) -> LeaseRecord:
        try:
            content = json.loads(found.text)
            role: Role = content["role"] if content["role"] in get_args(Role) else "rollout"
            return LeaseRecord(
                holder=str(content["holder"]),
                duration=float(content["duration"]),
                acquired=float(content["acquired"]),
                renewed=float(content["renewed"]),
                transitions=int(content["transitions"]),
                role=role,
                version=found.version,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ClusterError(f"{self.what} cannot be understood; delete the item") from error
