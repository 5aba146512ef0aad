"""The items of one service in the DynamoDB table of a stack.

Key of an item: `service` (partition) and `item` (sort). It holds a `text` and a `version`, a random word that is made
for each write. Every write is conditional on the version that it replaces, or on there being no item yet. So a write
whose answer was lost may be sent again: when the condition fails then, the item is read, and its version tells whether
the write that was lost is the one that stands.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from slipway.release.errors import ClusterAway, ClusterError, Conflict, LeaseLost, LeaseStale
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.trying import Failure, Kind, Patience, Tries
from slipway.rollout.process.fence import UNFENCED, Fence

PARTITION: Final = "service"
SORT: Final = "item"
ITEM_BYTES = 384 * 1024
"""Of a text at most; DynamoDB's limit is 400 KiB for the whole item."""
BATCH = 25
"""Deletions in one request."""
REMOVALS = 6
_VERSION, _TEXT = "version", "text"
Json = dict[str, Any]
_Key = dict[str, dict[str, str]]


class DynamoDb(Protocol):
    """What is used of boto3's client; every method takes the parameters of the API and gives its answer."""

    def get_item(self, **asked: object) -> Json:
        """One item."""
        ...

    def put_item(self, **asked: object) -> Json:
        """Write one item."""
        ...

    def delete_item(self, **asked: object) -> Json:
        """Delete one item."""
        ...

    def query(self, **asked: object) -> Json:
        """One page of the items of a partition."""
        ...

    def batch_write_item(self, **asked: object) -> Json:
        """Write or delete several items without conditions."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a service."""

    key: str
    version: str
    text: str


class Table:
    """The items of one service. Safe for several threads and processes."""

    def __init__(
        self, client: DynamoDb, name: str, service: str, fence: Fence = UNFENCED, patience: Patience | None = None
    ) -> None:
        self._client = client
        self._requests = AwsRequests(fence, patience)
        self.name = name
        self.service = service

    def named(self, key: str) -> str:
        """For messages."""
        return f"item {self.service}/{key} of the DynamoDB table {self.name}"

    def get(self, key: str) -> Item | None:
        """None when there is none. Raises ClusterError."""
        return self._requests.ask(self.named(key), lambda: self._look(key))

    def put(self, key: str, text: str, expect: str | None) -> str:
        """Compare-and-swap: `expect` is the version that is replaced, None when there must be none yet. Returns the new
        version. Raises Conflict when another wrote in between, ClusterError, and LeaseLost or LeaseStale.

        A creation has nothing that it could be compared with. So when this process was stopped on the way, and another
        has removed the item or not yet made it, what came too late is taken back."""
        size = len(text.encode())
        if size > ITEM_BYTES:
            raise ClusterError(f"{self.named(key)} would have {size} bytes, and {ITEM_BYTES} are possible")
        version = secrets.token_hex(8)
        item = {**self._key(key), _VERSION: {"S": version}, _TEXT: {"S": text}}

        def is_done(found: Item | None) -> bool:
            return found is not None and found.version == version

        self._write(key, lambda: self._client.put_item(Item=item, **self._where(expect)), is_done)
        if expect is None:
            self._take_back_when_late(key, version)
        return version

    def remove(self, key: str, may: Callable[[Item], bool] = lambda _: True) -> None:
        """Delete exactly what was read, if there is one and `may` allows it; what another writes in between is read and
        judged anew. Raises Conflict when that does not end."""
        for _ in range(REMOVALS):
            found = self.get(key)
            if found is None or not may(found):
                return
            try:
                self._delete(key, found.version)
            except Conflict:
                continue
            return
        raise Conflict(f"{self.named(key)}: others keep writing it; try again")

    def read(self, low: str, high: str) -> list[Item]:
        """All items with a key from `low` to `high`, both included, in the order of their keys; read in pages."""
        return [_item(found) for found in self._pages(low, high)]

    def keys(self, low: str, high: str) -> list[str]:
        """The keys of the same, without the texts."""
        only = {"ProjectionExpression": "#k", "ExpressionAttributeNames": {"#k": SORT}}
        return [str(found[SORT]["S"]) for found in self._pages(low, high, only)]

    def end(self, low: str, high: str, *, last: bool) -> Item | None:
        """The last of them, or the first; found without reading the others."""
        asked = self._query(low, high, {"Limit": 1, "ScanIndexForward": not last})
        found = self._requests.ask(self._listed(low), lambda: self._client.query(**asked))["Items"]
        return _item(found[0]) if found else None

    def discard(self, keys: Sequence[str]) -> None:
        """Delete these, whatever they hold; those that are gone are no error."""
        for start in range(0, len(keys), BATCH):
            self._discard(keys[start : start + BATCH])

    def _discard(self, keys: Sequence[str]) -> None:
        left: list[Any] = [{"DeleteRequest": {"Key": self._key(key)}} for key in keys]
        what = self._listed(keys[0])

        def send() -> bool:
            nonlocal left
            answer = self._client.batch_write_item(RequestItems={self.name: left})
            left = (answer.get("UnprocessedItems") or {}).get(self.name, [])
            return not left

        tries = Tries(self._requests.patience)
        while not self._requests.repeat(what, send):
            busy = ClusterAway(f"{what}: DynamoDB limits the rate; try again, or give the table more capacity")
            if not tries.another(Failure(Kind.NOT_DONE, busy)):
                raise busy

    def _delete(self, key: str, version: str) -> None:
        def is_done(found: Item | None) -> bool:
            return found is None

        where = self._where(version)
        self._write(key, lambda: self._client.delete_item(Key=self._key(key), **where), is_done)

    def _write(self, key: str, send: Callable[[], Any], is_done: Callable[[Item | None], bool]) -> None:
        self._requests.write(self.named(key), send, lambda: self._look(key), is_done)

    def _take_back_when_late(self, key: str, version: str) -> None:
        try:
            self._requests.fence.check()
        except (LeaseLost, LeaseStale):
            unfenced = Table(self._client, self.name, self.service, patience=self._requests.patience)
            unfenced.remove(key, lambda found: found.version == version)
            raise

    def _look(self, key: str) -> Item | None:
        found = self._client.get_item(TableName=self.name, Key=self._key(key), ConsistentRead=True).get("Item")
        return _item(found) if found else None

    def _pages(self, low: str, high: str, more: Json | None = None) -> Iterator[Json]:
        asked = self._query(low, high, more or {})
        while True:
            page = self._requests.ask(self._listed(low), lambda: self._client.query(**asked))
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _query(self, low: str, high: str, more: Json) -> Json:
        names = {"#p": PARTITION, "#k": SORT, **more.get("ExpressionAttributeNames", {})}
        return {
            **more,
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": "#p = :p AND #k BETWEEN :low AND :high",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {":p": {"S": self.service}, ":low": {"S": low}, ":high": {"S": high}},
        }

    def _where(self, expect: str | None) -> Json:
        """The table and the condition of a write."""
        if expect is None:
            names = {"#p": PARTITION}
            condition: Json = {"ConditionExpression": "attribute_not_exists(#p)"}
        else:
            names = {"#v": _VERSION}
            condition = {
                "ConditionExpression": "#v = :expect",
                "ExpressionAttributeValues": {":expect": {"S": expect}},
            }
        return {"TableName": self.name, "ExpressionAttributeNames": names, **condition}

    def _key(self, key: str) -> _Key:
        return {PARTITION: {"S": self.service}, SORT: {"S": key}}

    def _listed(self, key: str) -> str:
        return f"items of {self.service} from {key} on in the DynamoDB table {self.name}"


def _item(found: Json) -> Item:
    return Item(found[SORT]["S"], found.get(_VERSION, {}).get("S", ""), found.get(_TEXT, {}).get("S", ""))
