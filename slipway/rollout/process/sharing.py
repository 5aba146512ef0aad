"""Many that ask one server about one thing each, answered by one request for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from slipway.rollout.process.fence import boot_clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
RECENT = 1.0
"""Seconds: what a look at a rollout reads may be that old, where other rollouts have just read it."""
OLDEST = 2.0
"""Seconds that it may be old at most, for rollouts that look less often."""
PAUSE = 3.0
"""Times what the last request took, until the next: a slow server, or a busy process, is asked less often."""
REMEMBERED = 10.0
"""Seconds for which a key is asked for with the others after it was asked for itself."""


def recent(every: float) -> float:
    """How old what is read may be, in seconds, for who looks once in `every` seconds: then all rollouts of a process
    are answered by one request in that time."""
    return min(max(RECENT, every), OLDEST)


@dataclass(slots=True)
class _Batch(Generic[K, V]):
    """One request: for which keys, when it began and ended, and who has had its answer."""

    keys: frozenset[K]
    began: float
    ended: float = 0.0
    values: Mapping[K, V] = field(default_factory=dict)
    error: Exception | None = None
    served: set[Hashable] = field(default_factory=set)


class Shared(Generic[K, V]):
    """Answers per key. `fetch` is handed every key that was asked for lately, and returns what there is of each.

    No reader gets one answer twice unless requests take long, so a single rollout asks each time anew. At most one
    request is under way; a failed one fails for all that waited for it. Safe for several threads.
    """

    def __init__(
        self, fetch: Callable[[Collection[K]], Mapping[K, V]], clock: Callable[[], float] = boot_clock
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._changed = threading.Condition()
        self._asked: dict[K, float] = {}
        self._last: _Batch[K, V] | None = None
        self._under_way = False

    def get(self, key: K, reader: Hashable, max_age: float) -> V | None:
        """What there is of this key, None for nothing, from a request that was begun at most `max_age` seconds ago and
        that `reader` has not had yet. Raises what `fetch` raised."""
        with self._changed:
            oldest = self._clock() - max_age
            self._asked[key] = self._clock()
            while True:
                last = self._last
                if last is not None and key in last.keys and last.began >= oldest and self._is_new(last, reader):
                    last.served.add(reader)
                    return _result(last, key)
                if not self._under_way:
                    break
                self._changed.wait()
            batch = self._begin(reader)
        try:
            batch.values = self._fetch(batch.keys)
        except Exception as error:
            batch.error = error
        finally:
            self._end(batch)
        return _result(batch, key)

    def _is_new(self, batch: _Batch[K, V], reader: Hashable) -> bool:
        """Whether this reader may have it: the first time, and again while the next one would come too soon."""
        return reader not in batch.served or self._clock() - batch.ended < PAUSE * (batch.ended - batch.began)

    def _begin(self, reader: Hashable) -> _Batch[K, V]:
        now = self._clock()
        self._asked = {one: at for one, at in self._asked.items() if now - at <= REMEMBERED}
        self._under_way = True
        return _Batch(frozenset(self._asked), now, served={reader})

    def _end(self, batch: _Batch[K, V]) -> None:
        with self._changed:
            batch.ended = self._clock()
            self._last, self._under_way = batch, False
            self._changed.notify_all()


def _result(batch: _Batch[K, V], key: K) -> V | None:
    if batch.error is not None:
        raise batch.error
    return batch.values.get(key)
