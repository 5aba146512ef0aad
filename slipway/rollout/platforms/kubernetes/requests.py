"""Every request of the adaptors to the API server: tried again where that is safe, and never done twice.

Every write is a compare-and-swap: by resourceVersion, or of an object that must not exist yet. So a write whose answer
was lost may be sent again: when it had been done, the second fails by 409, and then what is there is read. What was
sent is a success, what another wrote a Conflict, and an object that is unchanged is written once more.

Before each sending of a write, the first and every other, the fence is asked.

An `exact` write is of an object that is Slipway's as a whole. The server is told to refuse a field that it does not
know, which it would drop without a word, and what is found after a lost answer must be what was sent, and no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from lightkube import Client
from lightkube.types import PatchType

from slipway.release.errors import ClusterError, Conflict, LeaseLost, LeaseStale
from slipway.rollout.platforms.kubernetes.calls import FAILURES, failure_of
from slipway.rollout.platforms.trying import DOUBTFUL, Failure, Kind, Patience, Tries, unseen
from slipway.rollout.process.fence import UNFENCED, Fence

T = TypeVar("T")
Json = dict[str, Any]
REMOVALS = 6
_UNSENT = ("resourceVersion", "uid", "managedFields", "generation", "creationTimestamp")
"""Metadata that the server sets: no part of what was sent."""


class Requests:
    """The requests of one adaptor. Safe for several threads."""

    def __init__(self, client: Client, fence: Fence = UNFENCED, patience: Patience | None = None) -> None:
        self._client: Any = client
        self._fence = fence
        self._patience = patience or Patience()

    def ask(self, what: str, call: Callable[[], T]) -> T:
        """A read: `call` is tried again while the server is away. Raises ClusterError."""
        found = self._ask(what, call)
        if isinstance(found, Failure):
            raise found.error
        return found

    def find(self, what: str, kind: type[T], name: str, namespace: str) -> T | None:
        """An object, None when there is none."""
        found = self._ask(what, lambda: self._client.get(kind, name, namespace=namespace))
        if not isinstance(found, Failure):
            return found  # type: ignore[no-any-return]
        if found.kind is Kind.ABSENT:
            return None
        raise found.error

    def create(self, what: str, wanted: T, *, exact: bool = False) -> T:
        """Raises Conflict when another has made it.

        A creation has nothing that it could be compared with. So when this process was stopped on the way, and another
        has removed the object or not yet made it, what came too late is taken back."""
        made = self._write(what, type(wanted), wanted, self._sender("post", wanted, exact=exact), None, exact=exact)
        try:
            self._fence.check()
        except (LeaseLost, LeaseStale):
            self._take_back(what, made, plain(wanted))
            raise
        return made

    def replace(self, what: str, wanted: T, *, exact: bool = False) -> T:
        """`wanted` names the resourceVersion that it replaces. Raises Conflict when that is gone or another."""
        send = self._sender("put", wanted, exact=exact)
        return self._write(what, type(wanted), wanted, send, version_of(wanted), exact=exact)

    def _sender(self, method: str, wanted: T, *, exact: bool) -> Callable[[], T]:
        """Lightkube's own `create` and `replace` do not say how fields are validated."""
        params = {"fieldValidation": "Strict"} if exact else {}

        def send() -> T:
            done: T = self._client._client.request(method, obj=wanted, params=params)
            return done

        return send

    def patch(self, what: str, kind: type[T], name: str, namespace: str, change: Json) -> T:
        """A merge patch that names the resourceVersion which it changes. Conflict as in `replace`."""
        wanted = {**change, "metadata": {**change["metadata"], "name": name, "namespace": namespace}}

        def send() -> T:
            done: T = self._client.patch(kind, name, change, namespace=namespace, patch_type=PatchType.MERGE)
            return done

        return self._write(what, kind, wanted, send, version_of(wanted))

    def apply(self, what: str, kind: type[T], name: str, namespace: str, change: Json, manager: str) -> T:
        """Server-side apply under the name of `manager`, which takes the fields over that it says, of an object that
        is there: `change` names the resourceVersion which it changes. Conflict as in `replace`."""
        change = {**change, "metadata": {**change["metadata"], "name": name, "namespace": namespace}}
        wanted = {key: value for key, value in change.items() if key not in ("apiVersion", "kind")}

        def send() -> T:
            done: T = self._client.patch(
                kind, name, change, namespace=namespace, patch_type=PatchType.APPLY, field_manager=manager, force=True
            )
            return done

        return self._write(what, kind, wanted, send, version_of(wanted))

    def remove(self, what: str, kind: type[T], name: str, namespace: str, ours: Callable[[T], bool]) -> None:
        """Delete exactly what was read, if there is one and `ours` says that it may go; what changes in between is
        read and judged anew."""
        for _ in range(REMOVALS):
            found = self.find(what, kind, name, namespace)
            if found is None or not ours(found):
                return
            try:
                self.delete(what, found, version=True)
            except Conflict:
                continue
            return
        raise Conflict(f"{what}: others keep writing it; try again")

    def delete(self, what: str, found: object, *, version: bool = False) -> None:
        """Delete this very object, by its uid, with `version` only as it was read; it is no error when it is gone.
        Raises Conflict when another has changed it."""
        meta, tries, unknown = plain(found)["metadata"], Tries(self._patience), False
        conditions = {key: meta[key] for key in ("uid", "resourceVersion") if version or key == "uid"}
        while True:
            self._fence.check()
            failed, _ = self._try(what, lambda: self._delete(type(found), meta, conditions))
            if failed is None or failed.kind is Kind.ABSENT:
                return
            if failed.kind is Kind.CONFLICT:
                there = self._find_instead(what, type(found), meta, unknown=unknown)
                if there is None or plain(there)["metadata"]["uid"] != meta["uid"]:
                    return
                if not conditions.items() <= plain(there)["metadata"].items():
                    raise failed.error
            unknown = unknown or failed.kind in DOUBTFUL
            if not tries.another(failed):
                break
        there = self._last_look(what, type(found), meta, failed, unknown=unknown)
        if there is not None and plain(there)["metadata"]["uid"] == meta["uid"]:
            raise _told(what, failed)

    def _take_back(self, what: str, made: T, sent: Json) -> None:
        """Delete it unless another has changed what was sent."""
        meta = plain(made)["metadata"]

        def untouched(found: T) -> bool:
            content = plain(found)
            return content["metadata"]["uid"] == meta["uid"] and holds(content, sent)

        unfenced = Requests(self._client, patience=self._patience)
        unfenced.remove(what, type(made), meta["name"], meta["namespace"], untouched)

    def _write(
        self,
        what: str,
        kind: type[T],
        wanted: object,
        send: Callable[[], T],
        version: str | None,
        *,
        exact: bool = False,
    ) -> T:
        """Send it until it stands, or another has written. `version` is what is replaced, None for nothing."""
        sent, tries, unknown = plain(wanted), Tries(self._patience), False
        same = is_whole if exact else holds
        while True:
            self._fence.check()
            failed, done = self._try(what, send)
            if failed is None:
                return done  # type: ignore[return-value]
            if failed.kind is Kind.ABSENT and version is not None:
                raise Conflict(f"{what}: it was deleted in between")
            if failed.kind is Kind.CONFLICT:
                found = self._find_instead(what, kind, sent["metadata"], unknown=unknown)
                if found is not None and unknown and same(plain(found), sent):
                    return found
                if (version_of(found) if found is not None else None) != version:
                    raise failed.error
            unknown = unknown or failed.kind in DOUBTFUL
            if not tries.another(failed):
                break
        there = self._last_look(what, kind, sent["metadata"], failed, unknown=unknown)
        if there is None or not same(plain(there), sent):
            raise _told(what, failed)
        return there

    def _find_instead(self, what: str, kind: type[T], meta: Mapping[str, Any], *, unknown: bool) -> T | None:
        """What is there instead, after a conflict."""
        try:
            return self.find(what, kind, meta["name"], meta["namespace"])
        except ClusterError as error:
            raise (unseen(error) if unknown else error) from error

    def _last_look(
        self, what: str, kind: type[T], meta: Mapping[str, Any], failed: Failure, *, unknown: bool
    ) -> T | None:
        """What is there when there are no more tries: after a lost answer only that tells whether it was done. Raises
        the failure where nothing is in doubt, or nothing can be seen."""
        if not unknown:
            raise _told(what, failed)

        def look() -> T:
            there: T = self._client.get(kind, meta["name"], namespace=meta["namespace"])
            return there

        blind, found = self._try(what, look)
        if blind is not None and blind.kind is not Kind.ABSENT:
            raise unseen(_told(what, failed)) from failed.error
        return found

    def _ask(self, what: str, call: Callable[[], T]) -> T | Failure:
        tries = Tries(self._patience)
        while True:
            failed, done = self._try(what, call)
            if failed is None:
                return done  # type: ignore[return-value]
            if failed.kind is Kind.GARBLED or not tries.another(failed):
                return failed

    @staticmethod
    def _try(what: str, call: Callable[[], T]) -> tuple[Failure | None, T | None]:
        try:
            return None, call()
        except FAILURES as error:
            failed = failure_of(what, error)
            failed.error.__cause__ = error
            return failed, None

    def _delete(self, kind: type[Any], meta: Mapping[str, Any], conditions: Mapping[str, str]) -> None:
        # lightkube's own `delete` knows no preconditions.
        inside = self._client._client
        request = inside.prepare_request("delete", kind, name=meta["name"], namespace=meta["namespace"])
        request.data = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": dict(conditions)}
        inside.handle_response("delete", inside.send(inside.build_adapter_request(request)), request)


def _told(what: str, failed: Failure) -> ClusterError:
    """The failure after the last try; a conflict is none when no other writer has changed it."""
    if failed.kind is not Kind.CONFLICT:
        return failed.error
    said = " ".join(str(failed.error.__cause__).split())
    return ClusterError(f"{what}: the API server refuses to change it, although no other writer has: {said}")


def plain(found: object) -> Json:
    """An object as JSON values, as lightkube sends it."""
    content: Json = json.loads(msgspec.json.encode(found))
    return content


def version_of(found: object) -> str:
    """The resourceVersion, which the API server always sets."""
    version = (plain(found).get("metadata") or {}).get("resourceVersion")
    if not isinstance(version, str):
        raise ClusterError("the API server sent an object without a resourceVersion")
    return version


def holds(found: Json, sent: Json) -> bool:
    """Whether an object has everything that was sent; the server may add defaults and what others own."""
    meta = {key: value for key, value in (sent.get("metadata") or {}).items() if key not in _UNSENT}
    return _within(found, {**sent, "metadata": meta})


def is_whole(found: Json, sent: Json) -> bool:
    """Whether an object is what was sent, and no more: its spec, labels and annotations."""

    def content(one: Json) -> list[object]:
        meta = one.get("metadata") or {}
        return [one.get("spec"), meta.get("labels") or {}, meta.get("annotations") or {}]

    return content(found) == content(sent)


def _within(found: object, sent: object) -> bool:
    if isinstance(sent, dict):
        rest = found if isinstance(found, dict) else {}
        return all(_within(rest.get(key), value) for key, value in sent.items() if value is not None)
    if isinstance(sent, list):
        same = isinstance(found, list) and len(found) == len(sent)
        return same and all(_within(*pair) for pair in zip(found, sent, strict=True))  # type: ignore[call-overload]
    return found == sent
