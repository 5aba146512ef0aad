"""What all rollouts of this process see of one namespace: one LIST of a kind for all of them, instead of one each."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from lightkube import Client

from slipway.rollout.platforms.kubernetes.client import connections_of
from slipway.rollout.platforms.kubernetes.requests import Requests
from slipway.rollout.process.fence import boot_clock
from slipway.rollout.process.sharing import Shared

T = TypeVar("T")
AT_ONCE = 100
"""Values of a label in one selector: it travels in the URL, which proxies keep below 8 KiB."""
NO_LABELS: Mapping[str, str] = {}
RESTS = 10.0
"""Seconds without the shared list after it failed: each rollout then asks for itself, and gets the error."""


class View:
    """Objects by the value of a label, as they were at most `max_age` seconds ago: see slipway.rollout.process.sharing.
    Only what a look at a rollout needs; whatever is about to be written is read by itself."""

    def __init__(self, client: Client, namespace: str, clock: Callable[[], float] = boot_clock) -> None:
        self._client: Any = client
        self._requests = Requests(client)
        self._namespace = namespace
        self._clock = clock
        self._rests_until = 0.0
        self._lock = threading.Lock()
        self._listings: dict[type[Any], Shared[str, list[Any]]] = {}

    @property
    def usable(self) -> bool:
        """False for a while after it failed, be it for want of the right to list."""
        return self._clock() >= self._rests_until

    def rest(self) -> None:
        """It failed."""
        self._rests_until = self._clock() + RESTS

    def of(self, kind: type[T], label: str, labels: Mapping[str, str] = NO_LABELS) -> Shared[str, list[T]]:
        """The objects of a kind by the value of `label`, of those with `labels`. Always the same for one kind."""
        with self._lock:
            if kind not in self._listings:
                self._listings[kind] = self._listing(kind, label, labels)
            return self._listings[kind]

    def _listing(self, kind: type[T], label: str, labels: Mapping[str, str]) -> Shared[str, list[T]]:
        what = f"{kind.__name__}s of the rollouts in {self._namespace}"

        def fetch(values: Collection[str]) -> Mapping[str, list[T]]:
            found: dict[str, list[T]] = defaultdict(list)
            wanted = sorted(values)
            for begin in range(0, len(wanted), AT_ONCE):
                for one in self._list(what, kind, {**labels, label: wanted[begin : begin + AT_ONCE]}):
                    found[_labels(one)[label]].append(one)
            return found

        return Shared(fetch, self._clock)

    def _list(self, what: str, kind: type[Any], labels: Mapping[str, object]) -> list[Any]:
        return self._requests.ask(what, lambda: list(self._client.list(kind, namespace=self._namespace, labels=labels)))


def _labels(found: Any) -> Mapping[str, str]:  # noqa: ANN401 - a kind that lightkube knows, or one that it does not
    labels: Mapping[str, str] = found["metadata"]["labels"] if isinstance(found, dict) else found.metadata.labels
    return labels


_views: dict[tuple[int, str], View] = {}
_making = threading.Lock()


def view_of(client: Client, namespace: str) -> View:
    """The one of this process for these connections and this namespace."""
    with _making:
        key = id(connections_of(client)), namespace
        if key not in _views:
            _views[key] = View(client, namespace)  # It keeps the connections, so that their id stays theirs.
        return _views[key]
